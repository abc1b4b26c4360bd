"""Claim: assignment to clusters and the planning and drawing of shards take no more memory a
worker, and no more time a row or a shard, at 10,000,000 images than at 1,000,000: within 20 %.
The driver may grow, and the table says by how many bytes a row.

For each number of rows a synthetic run is written (embeddings from 500 planted clusters, one tiny
picture), and `jobs/generate.py --images-from` makes clusters and a few shards of it on two CPUs:
the true whole, with survey, k-means, assignment, labels, manifests and report. Then the same
command again, which finds everything there. Then the pieces of the driver one by one, each with
its seconds, and draws of shards through Ray. At the end, draws of shards from all runs in turns in
one process, because CPU seconds too are longer on a busy machine. Everything written is deleted.
"""

import argparse
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alignet_ray.cli import parse_config
from alignet_ray.config.generate import GenerateConfig
from alignet_ray.generation.cluster_sizes import cluster_sizes
from alignet_ray.generation.durations import Durations
from alignet_ray.generation.inputs import Inputs
from alignet_ray.generation.job import missing_parts, plan_inputs
from alignet_ray.generation.labelling import LabelRequest, draw_shard
from alignet_ray.generation.part_survey import survey_parts
from alignet_ray.generation.plan import RunPlan
from alignet_ray.generation.splits import known_shards
from alignet_ray.records.clusters import CLUSTERS_FOLDER, read_centroids
from alignet_ray.records.parts import missing_parts as parts_missing_in
from alignet_ray.records.store import Folder
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.tasks import map_tasks
from scale_table import write_run
from timing import (
    in_fresh_process,
    in_turns,
    parser_of,
    peak_memory_mib,
    ratio_line,
    use_one_thread,
)
from watched import watched

CLAIM = 1.2
SIZES = (100_000, 1_000_000, 10_000_000)
FIRST_NEW_SHARD = 1_000_000
_TURNS = 5
_JOB = Path(__file__).resolve().parents[1] / "jobs" / "generate.py"
Value = TypeVar("Value")


def job_flags(folder: str, num_groups: int) -> list[str]:
    """The whole run: default clusters, pool and group; a fixed number of shards of 32 groups."""
    return [
        *("--images-from", f"{folder}/table", "--teacher", "untransformed"),
        *("--output", f"{folder}/run", "--num-groups", str(num_groups)),
        *("--shards.groups-per-shard", "32", "--resources.num-cpus", "2"),
        "--resources.no-progress",
    ]


def probe(flags: list[str], num_shards: int) -> dict[str, float]:
    """Seconds of the driver's pieces on a finished run and its peak memory after each; draws."""
    config = parse_config(GenerateConfig, flags)
    root, found = Folder.at(config.output), {"imports_mib": peak_memory_mib()}

    def timed(name: str, piece: Callable[[], Value]) -> Value:
        started = time.perf_counter()
        value = piece()
        found[f"{name}_seconds"] = time.perf_counter() - started
        found[f"{name}_mib"] = peak_memory_mib()
        return value

    with ray_session(config.resources):
        inputs, plan = timed("plan", lambda: plan_inputs(config, root, "cpu", Durations()))
        timed("listings", lambda: _list_parts(inputs, root, plan))
        timed("survey", lambda: survey_parts(root, inputs.images, plan.layout))
        timed("shards", lambda: [known_shards(root, split.split) for split in plan.splits])
        num_clusters = len(read_centroids(root))
        timed("sizes", lambda: cluster_sizes(root, plan.layout, num_clusters, 1))
        request = _request(inputs, plan, root, num_clusters)
        shards = range(FIRST_NEW_SHARD, FIRST_NEW_SHARD + num_shards)
        draws = timed("draws", lambda: [peak for _, peak in map_tasks(drawn, shards, request)])
    found["draw_mib"] = max(draws)
    return found


def draws_in_turns(folder: str, asked: argparse.Namespace) -> None:
    """Print what drawing a shard takes from each of the runs, which lie there finished."""
    requests = [_finished_request(f"{folder}/{rows}", asked.groups) for rows in asked.rows]
    ways = {
        f"{request.layout.num_rows:,} rows": lambda request=request: [
            draw_shard(FIRST_NEW_SHARD + shard, request) for shard in range(asked.shards)
        ]
        for request in requests
    }
    timings = in_turns(ways, _TURNS)
    print(f"\ndraws of {asked.shards} shards, in turns")
    for timing in timings:
        print(timing.line())
    for smaller, larger in itertools.pairwise(timings):
        print(ratio_line(larger, smaller, f"at most {CLAIM}"))


def _finished_request(folder: str, num_groups: int) -> LabelRequest:
    config = parse_config(GenerateConfig, job_flags(folder, num_groups))
    root = Folder.at(config.output)
    inputs, plan = plan_inputs(config, root, "cpu", Durations())
    return _request(inputs, plan, root, len(read_centroids(root)))


def _list_parts(inputs: Inputs, root: Folder, plan: RunPlan) -> None:
    """What is asked of both folders of parts at the start of every call."""
    missing_parts(inputs.images, plan)
    parts_missing_in(root.folder(CLUSTERS_FOLDER), plan.layout.num_parts)


def drawn(shard: int, request: LabelRequest) -> float:
    """Draw a shard; the most memory that this worker has had, in MiB."""
    draw_shard(shard, request)
    return peak_memory_mib()


def _request(inputs: Inputs, plan: RunPlan, root: Folder, num_clusters: int) -> LabelRequest:
    shards = plan.settings.shards
    return LabelRequest(
        root=root,
        images=inputs.images,
        layout=plan.layout,
        split=plan.splits[0],
        strategy=shards["strategy"],
        pool_rows=shards["pool_rows"],
        num_clusters=num_clusters,
        seed=shards["seed"],
        settings_digest=plan.settings.shards_digest,
    )


def measure(folder: str, num_rows: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything about one number of rows, written below the folder, but for its draws."""
    script = Path(__file__)
    written = watched(script, "--write", f"{folder}/table", num_rows, asked.part_rows)
    load = os.getloadavg()[0]
    flags = job_flags(folder, asked.groups)
    whole = watched(_JOB, *flags)
    again = watched(_JOB, *flags)
    return {
        "rows": num_rows,
        "load": (load + os.getloadavg()[0]) / 2,
        "write": json.loads(written.lines[-1]),
        "whole": {**vars(whole), **_stages(folder)},
        "again": vars(again),
        "probe": in_fresh_process(str(script), "--probe", asked.shards, *flags),
        "files": sum(len(names) for _, _, names in os.walk(folder)),
        "bytes": sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()),
    }


def _stages(folder: str) -> dict[str, float]:
    """Seconds of the stages by the job's log, and of assignment by the times of its files."""
    (log,) = Path(f"{folder}/run/logs").glob("generate-*.json")
    clusters = Path(f"{folder}/run/clusters")
    fitted = (clusters / "clusters.json").stat().st_mtime
    assigned = max(path.stat().st_mtime for path in clusters.glob("part-*.json"))
    return {**json.loads(log.read_text())["seconds"], "assign": assigned - fitted}


_LINES: dict[str, Callable[[dict[str, Any]], str]] = {
    "load of the machine": lambda f: f"{f['load']:.1f}",
    "listing's digest, s": lambda f: f"{f['write']['digest']:.1f}",
    "the job: survey, s": lambda f: f"{f['whole']['embed']:.1f}",
    "  k-means, s": lambda f: f"{f['whole']['cluster'] - f['whole']['assign']:.1f}",
    "  assignment, s": lambda f: f"{f['whole']['assign']:.1f}",
    "  assignment, rows/s": lambda f: f"{f['rows'] / f['whole']['assign']:,.0f}",
    "  labels, s": lambda f: f"{f['whole']['label']:.1f}",
    "  whole, s": lambda f: f"{f['whole']['seconds']:.1f}",
    "  driver's peak, MiB": lambda f: f"{f['whole']['driver_mib']:.0f}",
    "  a worker's peak, MiB": lambda f: f"{f['whole']['worker_mib']:.0f}",
    "  Ray's own processes, MiB": lambda f: f"{f['whole']['others_mib']:.0f}",
    "again, nothing to do, s": lambda f: f"{f['again']['seconds']:.1f}",
    "  driver's peak, MiB ": lambda f: f"{f['again']['driver_mib']:.0f}",
    "driver: plan, s": lambda f: f"{f['probe']['plan_seconds']:.2f}",
    "  two listings of parts, s": lambda f: f"{f['probe']['listings_seconds']:.2f}",
    "  survey, s": lambda f: f"{f['probe']['survey_seconds']:.2f}",
    "  known shards, s": lambda f: f"{f['probe']['shards_seconds']:.2f}",
    "  cluster sizes, s": lambda f: f"{f['probe']['sizes_seconds']:.2f}",
    "  peak after all these, MiB": lambda f: f"{f['probe']['sizes_mib']:.0f}",
    "draws: a worker's peak, MiB": lambda f: f"{f['probe']['draw_mib']:.0f}",
    "files": lambda f: f"{f['files']:,}",
    "bytes": lambda f: f"{f['bytes'] / 1e9:.2f} GB",
}


def report(all_found: list[dict[str, Any]]) -> None:
    """A column for each number of rows, and the ratios of the last two."""
    print(f"\n{'rows':28}" + "".join(f"{found['rows']:>14,}" for found in all_found))
    for name, figure in _LINES.items():
        print(f"{name:28}" + "".join(f"{figure(found):>14}" for found in all_found))
    if len(all_found) < 2:
        return
    small, large = all_found[-2:]
    ratios = {
        "a worker's peak, whole job": large["whole"]["worker_mib"] / small["whole"]["worker_mib"],
        "a worker's peak, draws": large["probe"]["draw_mib"] / small["probe"]["draw_mib"],
        "seconds of assignment a row": (large["whole"]["assign"] / large["rows"])
        / (small["whole"]["assign"] / small["rows"]),
    }
    print(f"\n{large['rows']:,} against {small['rows']:,} rows; claim: at most {CLAIM}")
    for name, ratio in ratios.items():
        print(f"  {name:30} {ratio:.2f}")
    grown = large["whole"]["driver_mib"] - small["whole"]["driver_mib"]
    growth = grown * 2**20 / (large["rows"] - small["rows"])
    print(f"  the driver grows by {growth:.0f} bytes a row", flush=True)


def main() -> None:
    """Measure every number of rows; or, in a process of its own, one thing."""
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="rows of the tables")
    parser.add_argument("--part-rows", type=int, default=512, help="rows of a part")
    parser.add_argument("--groups", type=int, default=256, help="groups that the job makes")
    parser.add_argument("--shards", type=int, default=64, help="shards that are only drawn")
    parser.add_argument("--folder", help="where to write (default: the folder for temporaries)")
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--probe", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    use_one_thread()
    if asked.write:
        print(json.dumps(write_run(asked.write[0], *map(int, asked.write[1:]))))
    elif asked.probe:
        print(json.dumps(probe(asked.probe[1:], int(asked.probe[0]))))
    else:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            all_found: list[dict[str, Any]] = []
            for num_rows in asked.rows:
                all_found.append(measure(f"{folder}/{num_rows}", num_rows, asked))
                report(all_found)  # the largest takes long: what is known is said before
            draws_in_turns(folder, asked)


if __name__ == "__main__":
    main()
