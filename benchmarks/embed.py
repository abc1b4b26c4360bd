"""Claim: embedding through the job is at least 0.9 times as fast as a bare loop, after start-up.

Both read, decode, run the backbone, re-encode and write the same images to the same local disk.
The bare loop is what is left when Ray is taken away: as many processes as there are cores, each
with one thread and the whole model, each taking the next batch of images and writing Parquet. The
job's start-up (actors, models, the first part and the last) is taken out by two sizes: seconds an
image are those of the difference. Both sizes have many parts, else the smaller one would have no
time in which all cores are busy, and the difference would flatter the job.

    python benchmarks/embed.py
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, ResolvedBackbone
from alignet_ray.config.resources import Resources
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.preprocessing import decode_image, stored_copy, to_pixels
from alignet_ray.records.image_table import StoredImage, image_table
from alignet_ray.records.listing import read_rows, write_listing
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import EmbedRequest, StoredFormat, embed_missing_parts
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.sources import list_folder
from timing import parser_of

BATCH_SIZE = 64
PART_ROWS = 128
STORED = StoredFormat()


def paint_photos(folder: Path, count: int) -> None:
    """JPEGs of about ImageNet's size after shrinking: 256 x 340 pixels, 30 kB."""
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((340, 256), Image.Resampling.BICUBIC)
        grain = rng.integers(-12, 12, (256, 340, 3))
        pixels = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05d}.jpg", quality=90)


def request_for(root: Folder, listing: pa.Table, backbone: ResolvedBackbone) -> EmbedRequest:
    """The embed stage's request for the rows of a listing, which is written."""
    index = write_listing(root, listing)
    return EmbedRequest(
        root=root,
        index=index,
        layout=PartLayout(num_rows=index.num_images, part_rows=PART_ROWS, row_group_rows=128),
        backbone=backbone,
        plugins=(),
        stored=STORED,
        settings_digest="benchmark",
        batch_size=BATCH_SIZE,
        precision="float32",
        device="cpu",
        threads=1,
    )


def bare_worker(request: EmbedRequest, parts: Any, ready: Any, start: Any) -> None:
    """One process of the bare loop: the next part, until there is none."""
    torch.set_num_threads(1)
    backbone = load_backbone(request.backbone.as_config())
    ready.release()
    start.wait()
    while (part := parts.get()) is not None:
        bare_part(request, backbone, part)


@torch.inference_mode()
def bare_part(request: EmbedRequest, backbone: torch.nn.Module, part: int) -> None:
    """Read, decode, embed, re-encode and write one part, image by image and batch by batch."""
    rows = request.layout.rows(part)
    listing = read_rows(request.root, request.index, rows.start, rows.stop)
    stored: list[StoredImage] = []
    embeddings: list[np.ndarray] = []
    urls = listing.column("url").to_pylist()
    for first in range(0, len(urls), BATCH_SIZE):
        pixels: list[np.ndarray] = []
        for url in urls[first : first + BATCH_SIZE]:
            image = decode_image(Path(url).read_bytes())
            copy = stored_copy(image, shorter_side=STORED.shorter_side, quality=STORED.quality)
            pixels.append(to_pixels(image, request.backbone.preprocessing))
            stored.append(
                StoredImage(
                    image=copy, extension="jpg", width=image.width, height=image.height,
                    reject_reason=None,
                )
            )  # fmt: skip
        embeddings.append(backbone(torch.from_numpy(np.stack(pixels))).numpy())
    table = image_table(listing, rows.start, stored, np.concatenate(embeddings))
    request.root.write(f"{part:06d}.parquet", parquet_bytes(table, 128))


def time_bare(request: EmbedRequest, num_processes: int) -> float:
    """Seconds of the bare loop, models loaded before."""
    context = multiprocessing.get_context("spawn")
    parts, ready, start = context.Queue(), context.Semaphore(0), context.Event()
    for part in [*range(request.layout.num_parts), *[None] * num_processes]:
        parts.put(part)
    workers = [
        context.Process(target=bare_worker, args=(request, parts, ready, start))
        for _ in range(num_processes)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    begun = time.perf_counter()
    start.set()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begun


def time_job(request: EmbedRequest, resources: Resources) -> float:
    """Seconds of the embed stage in a running Ray."""
    begun = time.perf_counter()
    embed_missing_parts(request, resources)
    return time.perf_counter() - begun


def measure(args: argparse.Namespace, folder: Path) -> Iterator[tuple[float, float]]:
    """Per turn: images a second by the job and by the loop."""
    (folder / "photos").mkdir()
    paint_photos(folder / "photos", args.small + args.images)
    backbone = load_backbone(BackboneConfig(name=args.model, random_init=True)).resolved
    listing = list_folder(str(folder / "photos"), 0)
    resources = Resources(num_cpus=args.cores, progress=False, device="cpu")
    for turn in range(args.repeats):

        def request(name: str, rows: int, turn: int = turn) -> EmbedRequest:
            root = Folder.at(str(folder / f"{name}-{turn}"))
            return request_for(root, listing.slice(0, rows), backbone)

        bare = time_bare(request("bare", args.images), args.cores)
        with ray_session(resources):
            time_job(request("warm", PART_ROWS), resources)  # starts processes, imports torch
            small = time_job(request("small", args.small), resources)
            large = time_job(request("large", args.small + args.images), resources)
        yield args.images / (large - small), args.images / bare


def main() -> None:
    """Print a line a turn, and the ratio."""
    parser = parser_of(__doc__)
    parser.add_argument("--model", default="mobilenetv1_100", help="timm name, random weights")
    parser.add_argument("--images", type=int, default=1536, help="images whose time is measured")
    parser.add_argument("--small", type=int, default=768, help="images of the run for start-up")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="CPU cores to use")
    parser.add_argument("--repeats", type=int, default=3, help="turns")
    args = parser.parse_args()
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for job, loop in measure(args, Path(folder)):
            ratios.append(job / loop)
            print(
                f"job {job:6.1f} images/s, bare loop {loop:6.1f} images/s, ratio {ratios[-1]:.2f}",
                flush=True,
            )
    print(f"job / bare loop, median of {len(ratios)}: {statistics.median(ratios):.2f} (claim: 0.9)")


if __name__ == "__main__":
    main()
