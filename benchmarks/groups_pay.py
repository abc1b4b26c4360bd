"""Claim: a group of P clusters with K images of each teaches a student as much as the paper's
triplets do in a fraction of the forward passes.

Every arm trains the same student on the same real images with the same 192 forward passes a step,
at a learning rate of its own, and differs in one thing: which images share a Gram matrix and which
of their triplets count. Measured on held-out images: KL from the teacher on cluster-border and on
random triplets, and on THINGS: agreement with people. Groups are drawn by the generator's law,
anew at each step (no epochs); the rate is constant after a warm-up, so that each step of a curve
is what a run of that length gives. The seed decides the held-out tenth of the images and the draws.

A cell (arm, rate, seed) is a file in `--work`: stop the script whenever you like, and run it again;
two processes may share the work by `--arms`. An arm's rate is chosen on seed 0, by the mean
cluster-border KL along the run. `--report` prints what is there and draws it.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch

from alignet_ray.config.generate import ClusterConfig
from alignet_ray.functional.clustering import assign, fit_kmeans
from alignet_ray.models.backbones import load_backbone
from group_arms import ARMS
from group_training import IMAGES_A_STEP, WARMUP_STEPS, WEIGHT_DECAY_TO_INIT, Bench, Cell, run_cell
from groups_report import FACTS_NAME, print_report
from learning_curves import best_rate, mean_along, next_rate
from real_material import load_human, load_images, student_of
from timing import parser_of, use_one_thread

RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
FIRST_RATE = 3e-4
CELLS_FOLDER = "cells"
# Without these glibc gives a step's large blocks back and faults them in again: as much time as
# the step itself on a busy machine.
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "MALLOC_TOP_PAD_": str(1 << 28),
}

Json = dict[str, Any]


def bench_of(asked: argparse.Namespace) -> Bench:
    """Pixels, the teacher's vectors and its clusters, by the generator's defaults of k-means."""
    seen = load_backbone(student_of(asked.data)).resolved.preprocessing
    images = load_images(asked.data, asked.work, asked.teacher, seen)
    settings = ClusterConfig()
    centroids = fit_kmeans(
        images.vectors,
        num_clusters=asked.clusters,
        num_iterations=settings.num_iterations,
        num_restarts=settings.num_restarts,
        seed=0,
    )
    return Bench(
        images=images,
        human=load_human(asked.data, asked.work, seen),
        cluster_ids=assign(images.vectors, centroids)[0],
        data=asked.data,
    )


def facts_of(bench: Bench, asked: argparse.Namespace) -> Json:
    """What all cells of a folder have in common, and what a report must know."""
    return {
        "images": len(bench.images),
        "clusters": asked.clusters,
        "images_a_step": IMAGES_A_STEP,
        "warmup_steps": WARMUP_STEPS,
        "weight_decay_to_init": WEIGHT_DECAY_TO_INIT,
        "responses": bench.human.counts.sum(axis=1).tolist(),
    }


def check_facts(folder: Path, facts: Json) -> None:
    """Write the facts; SystemExit where the folder's cells were made under others."""
    file = folder / FACTS_NAME
    if not file.exists():
        write_json(file, facts)
    if json.loads(file.read_text()) != facts:
        raise SystemExit(f"{file}: cells of other settings or images; give another --work")


def write_json(file: Path, value: Json) -> None:
    """The whole file or none."""
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(value))
    unfinished.rename(file)


def finished(cell: Cell, folder: Path, num_steps: int) -> Json | None:
    """A cell's record, if it was run for as many steps."""
    file = folder / cell.name
    if not file.exists():
        return None
    record = json.loads(file.read_text())
    return record if record["curve"][-1]["step"] >= num_steps else None


def measure(cell: Cell, bench: Bench, folder: Path, num_steps: int) -> Json:
    """A cell's record, run now if it is not there."""
    record = finished(cell, folder, num_steps)
    if record is None:
        record = run_cell(cell, bench, num_steps)
        write_json(folder / cell.name, record)
        print(f"{cell.arm}, rate {cell.rate:g}, seed {cell.seed}: "
              f"KL {kl_along(record, num_steps):.4f}", flush=True)  # fmt: skip
    return record


def kl_along(record: Json, num_steps: int) -> float:
    """Mean cluster-border KL along the run: what a rate is chosen by."""
    points = [point for point in record["curve"] if point["step"] <= num_steps]
    return mean_along([p["step"] for p in points], [p["kl"]["border"] for p in points])


def run(asked: argparse.Namespace, folder: Path) -> None:
    """Tune every arm on seed 0, then run the other seeds, one after the other."""
    bench = bench_of(asked)
    check_facts(folder, facts_of(bench, asked))
    rates: dict[str, float] = {}
    for arm in asked.arms:
        found: dict[float, float] = {}
        while (rate := next_rate(found, asked.rates, FIRST_RATE)) is not None:
            record = measure(Cell(arm=arm, rate=rate, seed=0), bench, folder, asked.steps)
            found[rate] = kl_along(record, asked.steps)
        rates[arm] = best_rate(found)
    for seed in range(1, asked.seeds):
        for arm, rate in rates.items():
            measure(Cell(arm=arm, rate=rate, seed=seed), bench, folder, asked.steps)


def main() -> None:
    """Run the cells that are missing, or report those that are there."""
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--teacher", help="bundle fitted to THINGS with MobileNetV1-1.0")
    parser.add_argument("--work", type=Path, required=True, help="folder of cells and caches")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=RATES,
        help="rates to try, rising; among them 3e-4",
    )
    parser.add_argument("--steps", type=int, default=100, help="steps of 192 images")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each arm")
    parser.add_argument("--clusters", type=int, default=120, help="clusters of the images")
    parser.add_argument("--report", action="store_true", help="only report what is there")
    asked = parser.parse_args()
    os.environ.update(_MALLOC)
    use_one_thread()
    torch.set_num_threads(1)
    folder = asked.work / CELLS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if not asked.report:
        run(asked, folder)
    print_report(folder, asked.work, list(ARMS), asked.steps)


if __name__ == "__main__":
    main()
