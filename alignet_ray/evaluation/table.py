"""The table that a person reads: who agrees with people how well, and what was left out."""

import sys

from rich import box
from rich.console import Console
from rich.table import Table

from alignet_ray.records.digests import Json

_NUM_SHOWN = 3
_PLAIN_WIDTH = 120


def print_results(results: Json, place: str) -> None:
    """Accuracies, differences, ceilings and counts, then where to look."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    console.print(_table(results))
    for line in _notes(results):
        console.print(line, markup=False, soft_wrap=True)
    console.print(
        f"written to {place}. Next: add models to compare with --models.",
        markup=False,
        soft_wrap=True,
    )


def _table(results: Json) -> Table:
    data = results["data"]
    title = f"{data['name']}: odd-one-out accuracy, {data['num_responses']:,} responses"
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    for name in ("model", "variant", "similarity"):
        table.add_column(name, no_wrap=True)
    for name in ("accuracy [95 %]", "difference [95 %]"):
        table.add_column(name, justify="right", no_wrap=True)
    differences = {(d["label"], d["to"], d["similarity"]): d for d in results["differences"]}
    for row in sorted(results["accuracies"], key=lambda row: _order(results, row)):
        difference = differences.get((row["label"], row["variant"], row["similarity"]))
        change = _interval(difference, "+") if difference else ""
        table.add_row(row["label"], row["variant"], row["similarity"], _interval(row), change)
    return table


def _order(results: Json, row: Json) -> tuple[int, int]:
    """Models in the order given; within a label, similarity before variant."""
    labels = [model["label"] for model in results["models"]]
    return labels.index(row["label"]), results["settings"]["similarities"].index(row["similarity"])


def _interval(row: Json, sign: str = "") -> str:
    estimate, low, high = (format(row[key], f"{sign}.4f") for key in ("estimate", "low", "high"))
    return f"{estimate} [{low}, {high}]"


def _notes(results: Json) -> list[str]:
    data, limits = results["data"], results["ceilings"]
    notes = [
        f"ceilings over {data['num_triplets']:,} triplets: a person against the majority of the "
        f"others {_interval(limits['leave_one_out_majority'])}, "
        f"share of the most frequent choice {_interval(limits['majority_share'])}",
        f"centred similarities take the {results['settings']['centre']}; ties count as wrong; "
        f"intervals: {results['settings']['interval']}",
    ]
    missing, rejected = data["missing_images"], data["rejected_images"]
    for objects, why in ((missing, "without an image"), (list(rejected), "with a broken image")):
        if objects:
            shown = ", ".join(objects[:_NUM_SHOWN]) + (", ..." if len(objects) > _NUM_SHOWN else "")
            notes.append(f"left out: objects {why}: {len(objects):,} ({shown})")
    if data["num_dropped_responses"]:
        notes.append(f"left out: responses that show them: {data['num_dropped_responses']:,}")
    notes += [f"left out: {m['label']} {m['variant']}: {m['reason']}" for m in results["left_out"]]
    return notes
