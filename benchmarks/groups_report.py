"""What the cells of `groups_pay.py` say: a table, agreement with people, and the curves.

Seeds are paired: an arm is compared with the triplets of the same seed, whose held-out images are
the same. People's answers are resampled by unique triplets, all arms in the same resamples.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from alignet_ray.functional.bootstrap import Interval, mean_intervals
from learning_curves import (
    best_rate,
    interval_over_seeds,
    late_mean,
    mean_along,
    passes_to_reach,
    ratio_over_seeds,
)

BASELINE = "triplets"
SIMILARITIES = ("dot", "centred_cosine")
KINDS = ("border", "random")
FACTS_NAME, FIGURE_NAME = "facts.json", "groups_pay"
NUM_RESAMPLES = 1_000

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """An arm's cells up to the last step of the report: each rate's KL on seed 0, and the curve of
    each seed at the best rate.
    """

    name: str
    tried: dict[float, float]
    curves: dict[int, list[Json]]

    @property
    def rate(self) -> float:
        """The rate with the least cluster-border KL along the run of seed 0."""
        return best_rate(self.tried)

    def values(self, kind: str, seed: int) -> list[float]:
        """KL of one kind of triplets, point by point."""
        return [point["kl"][kind] for point in self.curves[seed]]

    def late(self, kind: str, seed: int) -> float:
        """Mean KL in the last quarter of the steps."""
        return late_mean(self.passes(seed), self.values(kind, seed))

    def passes(self, seed: int) -> list[float]:
        """Forward passes of each point."""
        return [point["images"] for point in self.curves[seed]]

    def human_steps(self) -> list[int]:
        """Steps at which people's answers were compared, of every seed."""
        steps = [
            {point["step"] for point in curve if "correct" in point}
            for curve in self.curves.values()
        ]
        return sorted(set[int].intersection(*steps))

    def correct(self, step: int, similarity: str) -> np.ndarray:
        """Responses of each unique triplet that the student agrees with, mean over the seeds."""
        points = [next(p for p in curve if p["step"] == step) for curve in self.curves.values()]
        return np.mean([point["correct"][similarity] for point in points], axis=0)


def read_arms(folder: Path, names: Sequence[str], num_steps: int) -> list[Arm]:
    """The arms that have cells of so many steps, in the order of the names."""
    records = [json.loads(file.read_text()) for file in sorted(folder.glob("*_*.json"))]
    whole = {
        (record["arm"], record["rate"], record["seed"]): [
            point for point in record["curve"] if point["step"] <= num_steps
        ]
        for record in records
        if record["curve"][-1]["step"] >= num_steps
    }
    arms: list[Arm] = []
    for name in names:
        tried = {
            rate: mean_along([p["step"] for p in curve], [p["kl"]["border"] for p in curve])
            for (arm, rate, seed), curve in whole.items()
            if (arm, seed) == (name, 0)
        }
        if tried:
            rate = best_rate(tried)
            own = {seed: c for (arm, r, seed), c in whole.items() if (arm, r) == (name, rate)}
            arms.append(Arm(name=name, tried=tried, curves=dict(sorted(own.items()))))
    return arms


def shares_of_passes(arm: Arm, baseline: Arm, kind: str) -> list[float]:
    """Per seed, the forward passes to the triplets' KL of their last quarter, over the passes that
    triplets take to it.
    """

    def passes(own: Arm, seed: int) -> float:
        level = baseline.late(kind, seed)
        return passes_to_reach(own.passes(seed), own.values(kind, seed), level)

    seeds = [seed for seed in arm.curves if seed in baseline.curves]
    return [passes(arm, seed) / passes(baseline, seed) for seed in seeds]


def print_report(folder: Path, work: Path, names: Sequence[str], num_steps: int) -> None:
    """Print tables in Markdown, and draw the curves beside the cells."""
    arms = read_arms(folder, names, num_steps)
    if not arms or arms[0].name != BASELINE:
        print(f"{folder}: no {BASELINE} with {num_steps} steps yet, to compare with")
        return
    facts = json.loads((folder / FACTS_NAME).read_text())
    weights = np.array(facts.pop("responses"), dtype=np.float64)
    print(
        f"{num_steps} steps; {json.dumps(facts)}; KL: mean of the last quarter of the "
        "steps; rates by the mean border KL along the run of seed 0; passes: to the triplets' KL, "
        "over those that triplets take to it; 95 % intervals over seeds"
    )
    _print_kl(arms)
    _print_human(arms, weights)
    _draw(arms, weights, work)


def _print_kl(arms: Sequence[Arm]) -> None:
    columns = "arm|rate (tried)|seeds|KL border|KL random|passes, border|passes, random"
    print(f"\n| {columns.replace('|', ' | ')} |\n|{'---|' * (columns.count('|') + 1)}")
    before = [
        interval_over_seeds([arms[0].values(kind, seed)[0] for seed in arms[0].curves])
        for kind in KINDS
    ]
    print(f"| before | | {len(arms[0].curves)} | {' | '.join(map(_interval, before))} | | |")
    for arm in arms:
        last = [
            interval_over_seeds([arm.late(kind, seed) for seed in arm.curves]) for kind in KINDS
        ]
        shares = [ratio_over_seeds(shares_of_passes(arm, arms[0], kind)) for kind in KINDS]
        tried = ", ".join(f"{rate:g}: {kl:.4f}" for rate, kl in sorted(arm.tried.items()))
        cells = [*map(_interval, last), *(_interval(share, 2) for share in shares)]
        print(f"| {arm.name} | {arm.rate:g} ({tried}) | {len(arm.curves)} | {' | '.join(cells)} |")


def _print_human(arms: Sequence[Arm], weights: np.ndarray) -> None:
    for similarity in SIMILARITIES:
        print(f"\nAgreement with people, {similarity}; in brackets less the triplets' last\n")
        steps = arms[0].human_steps()
        print(f"| arm | {' | '.join(f'step {step}' for step in steps)} |")
        print(f"|---|{'---|' * len(steps)}")
        reference = arms[0].correct(steps[-1], similarity)
        for arm in arms:
            own = [step for step in steps if step in arm.human_steps()]
            totals = [arm.correct(step, similarity) for step in own]
            columns = np.column_stack([*totals, *(total - reference for total in totals)])
            found = mean_intervals(columns, weights, num_resamples=NUM_RESAMPLES, seed=0)
            pairs = zip(found[: len(own)], found[len(own) :], strict=True)
            cells = {
                step: f"{value.estimate:.3f} ({_interval(difference, 3)})"
                for step, (value, difference) in zip(own, pairs, strict=True)
            }
            print(f"| {arm.name} | {' | '.join(cells.get(step, '') for step in steps)} |")


def _interval(interval: Interval, digits: int = 4) -> str:
    ends = (interval.low, interval.high)
    middle = f"{interval.estimate:.{digits}f}"
    if not np.isfinite(ends).all():
        return middle
    return f"{middle} [{', '.join(f'{end:.{digits}f}' for end in ends)}]"


def _draw(arms: Sequence[Arm], weights: np.ndarray, work: Path) -> None:
    """Mean over the seeds, and for KL the least and the most of them."""
    mpl.use("Agg")
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), sharex=True, layout="constrained")
    for arm in arms:
        first = min(arm.curves)
        label = f"{arm.name}; seeds: {len(arm.curves)}"
        for axis, kind in zip(axes[0], KINDS, strict=True):
            values = np.array([arm.values(kind, seed) for seed in arm.curves])
            (line,) = axis.plot(arm.passes(first), values.mean(axis=0), label=label)
            axis.fill_between(
                arm.passes(first), values.min(axis=0), values.max(axis=0),
                color=line.get_color(), alpha=0.15, linewidth=0,
            )  # fmt: skip
            axis.set(title=f"held-out KL, {kind} triplets", ylabel="nats")
        for axis, similarity in zip(axes[1], SIMILARITIES, strict=True):
            steps = arm.human_steps()
            passes = [p["images"] for p in arm.curves[first] if p["step"] in steps]
            accuracies = [arm.correct(step, similarity).sum() / weights.sum() for step in steps]
            axis.plot(passes, accuracies, marker="o")
            axis.set(title=f"agreement with people, {similarity}", xlabel="image forward passes")
    axes[0, 0].legend(fontsize="small")
    for suffix in ("svg", "png"):
        file = work / f"{FIGURE_NAME}.{suffix}"
        figure.savefig(file, dpi=120)
        print(f"\n{file}")
