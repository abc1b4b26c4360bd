"""Claim: neither the time nor the memory of a shard depends on the number of images in the table:
within 20 % from 10,000 to 1,000,000 rows.

Tables of tiny images and short embeddings, so that nothing hides what depends on the number of
rows. Every measurement is a process of its own with one thread that makes a few shards; sizes
take turns. A shard draws from a pool of row groups; where the table has no more rows than the
pool, the whole table is the pool. Only like is compared with like:

- a small pool, of which all three tables are many times larger;
- the default pool of 16,384 rows, of which the two larger tables are many times larger;
- the whole table of 10,000 rows under the default pool: smaller than that pool, so cheaper.

What is left of a slope comes from files: row groups drawn from a small table more often lie in
the same part, which is opened once. One file a row group is the most there can be.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from alignet_ray.generation.labelling import make_shard
from alignet_ray.generation.plan import LEAST_POOL_ROWS
from alignet_ray.records.shards import read_sidecar, shard_folder
from alignet_ray.records.store import Folder
from tables import label_request, layout_of, write_table
from timing import in_fresh_process, parser_of, peak_memory_mib, use_one_thread

CLAIM = 1.2
SIZES = (10_000, 100_000, 1_000_000)
SMALL_POOL = 2048
NUM_CLUSTERS = 100
DIM = 16
IMAGE_BYTES = 128
BLOCKS = (4,) * 48


def image_bytes(row: int) -> bytes:
    """Stands for an image: the stage never looks inside."""
    return row.to_bytes(8, "little") * (IMAGE_BYTES // 8)


def make_table(url: str, num_rows: int) -> None:
    """A table on disk, read once, so that none is in the page cache more than another."""
    root = Folder.at(url)
    write_table(
        root, num_rows=num_rows, dim=DIM, num_clusters=NUM_CLUSTERS, image_bytes=image_bytes
    )
    os.sync()
    for path in Path(root.path("")).rglob("part-*"):
        path.read_bytes()


def measure(url: str, num_rows: int, pool_rows: int, num_shards: int) -> None:
    """Print what a shard costs in this process, as JSON."""
    root = Folder.at(url)
    request = label_request(
        root,
        layout_of(num_rows),
        num_clusters=NUM_CLUSTERS,
        blocks=BLOCKS,
        pool_rows=pool_rows,
        seed=time.time_ns(),  # so that nothing is there already
    )
    before = peak_memory_mib()
    make_shard(0, request)
    seconds: list[float] = []
    for shard in range(1, num_shards + 1):
        start = time.process_time()
        make_shard(shard, request)
        seconds.append(time.process_time() - start)
    record = read_sidecar(shard_folder(root, "train"), num_shards)
    facts = {
        "seconds": min(seconds),  # other work on the machine can only add to it
        "parts": len(record.parts["images"]),
        "peak_mib": peak_memory_mib(),
        "own_mib": peak_memory_mib() - before,
    }
    print(json.dumps(facts))


def compare(title: str, urls: dict[int, str], pool_rows: int, repeats: int, shards: int) -> None:
    """Measure tables of several sizes in turns; print a line each, and the spans."""
    found: dict[int, list[dict[str, float]]] = {num_rows: [] for num_rows in urls}
    for _ in range(repeats):
        for num_rows, url in urls.items():
            asked = ("--measure", url, num_rows, pool_rows, shards)
            found[num_rows].append(in_fresh_process(__file__, *asked))
    print(f"{title}: pool of {pool_rows:,} rows")
    for num_rows, facts in found.items():
        values = {name: statistics.median(f[name] for f in facts) for name in facts[0]}
        print(
            f"  {num_rows:>9,} rows  {values['seconds']:7.4f} s CPU  {values['parts']:4.0f} parts"
            f"  peak {values['peak_mib']:4.0f} MiB, {values['own_mib']:3.0f} more than imports"
        )
    for name, said in (("seconds", "time"), ("peak_mib", "peak memory")):
        medians = [statistics.median(f[name] for f in facts) for facts in found.values()]
        if len(medians) > 1:
            print(f"  most / least {said} = {max(medians) / min(medians):.2f}; claim: {CLAIM}")
    print()


def main() -> None:
    """Make the tables and compare them, or measure one of them."""
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="rows of the tables")
    parser.add_argument("--shards", type=int, default=12, help="shards a process")
    parser.add_argument("--repeats", type=int, default=3, help="turns")
    parser.add_argument("--folder", help="where to write (default: the folder for temporaries)")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    use_one_thread()
    if asked.measure:
        url, *numbers = asked.measure
        measure(url, *map(int, numbers))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        urls = {num_rows: f"{folder}/{num_rows}" for num_rows in asked.sizes}
        for num_rows, url in urls.items():
            make_table(url, num_rows)
        large = {n: url for n, url in urls.items() if n > 2 * LEAST_POOL_ROWS}
        small = {n: url for n, url in urls.items() if n <= LEAST_POOL_ROWS}
        turns = (asked.repeats, asked.shards)
        compare("pooled, small pool", urls, SMALL_POOL, *turns)
        compare("pooled, default pool", large, LEAST_POOL_ROWS, *turns)
        compare("whole table", small, LEAST_POOL_ROWS, *turns)


if __name__ == "__main__":
    main()
