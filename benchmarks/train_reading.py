"""Claim: reading and decoding shards for training is at least as fast as webdataset's own pipeline
over the same tars, with one thread or process each, and with two.

Both give batches of uint8 pixels and float32 similarities over the same groups: ours through the
planner, range reads and the decoder's threads; webdataset's through `WebDataset(...)`, decoding
with Pillow and the same resize, either in this process (as with one thread of ours) or in as many
DataLoader processes as ours has threads. Ours also checks a SHA-256 of every group, EXIF
orientation and odd colour modes, and shuffles over all shards. Ways take turns in one run.

`--images DIR` makes the shards of your photographs; without it they are smooth pictures with noise.
"""

import argparse
import io
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from webdataset.compat import WebDataset

from alignet_ray.config.backbone import Preprocessing
from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.functional.planner import Layout, default_num_streams
from alignet_ray.models.preprocessing import to_pixels
from alignet_ray.records.manifest import Manifest, manifest_shard, write_manifest
from alignet_ray.records.shards import Group, shard_folder, write_shard
from alignet_ray.records.store import Folder
from alignet_ray.training.data import Decoder, reading
from alignet_ray.training.sources import Sources, open_sources
from timing import Timing, in_turns, parser_of, ratio_line, use_one_thread

CLAIM = "at least 1.0 times as fast: at most 1.00 of the seconds"
PICTURES = 400
JPEG_QUALITY = 90


def painted(number: int) -> bytes:
    """A picture of 256 px that compresses about as photographs do."""
    random = np.random.default_rng(number)
    coarse = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((341, 256), Image.Resampling.BICUBIC))
    noisy = np.clip(smooth + random.normal(scale=8, size=smooth.shape), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noisy).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()


def pictures(folder: str | None) -> list[bytes]:
    """JPEGs to fill shards with."""
    if folder is None:
        return [painted(number) for number in range(PICTURES)]
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in {".jpg", ".jpeg"})
    if not paths:
        raise SystemExit(f"{folder}: no .jpg files")
    return [path.read_bytes() for path in paths[:PICTURES]]


def write_run(root: Folder, images: list[bytes], blocks: tuple[int, ...], shape: list[int]) -> None:
    """A finished run of `shape` shards and groups in each."""
    folder, supply, size = shard_folder(root, "train"), itertools.cycle(images), sum(blocks)
    entries = []
    for index in range(shape[0]):
        groups = [make_group(supply, size, blocks) for _ in range(shape[1])]
        record = write_shard(
            folder, groups, shard=index, split="train", settings_digest="", parts={}, statistics={}
        )
        entries.append(manifest_shard(folder, record))
    manifest = Manifest(
        digest="",
        split="train",
        strategy="cluster_border",
        blocks=blocks,
        teacher_temperature=1.0,
        num_images=len(images),
        shards=tuple(entries),
    )
    write_manifest(root, manifest)


def make_group(supply: Iterator[bytes], size: int, blocks: tuple[int, ...]) -> Group:
    """A group of the next images."""
    return Group(
        images=tuple(itertools.islice(supply, size)),
        extensions=("jpg",) * size,
        similarities=np.zeros((size, size), dtype=np.float32),
        image_ids=tuple(range(size)),
        keys=tuple(f"n01440764/n01440764_{i:05d}.JPEG" for i in range(size)),
        cluster_ids=(0,) * size,
        labels=(None,) * size,
        strategy="cluster_border",
        blocks=blocks,
    )


def ours(
    sources: Sources, layout: Layout, pixels: Preprocessing, threads: int
) -> Callable[[], int]:
    """One epoch through our reader; returns the number of images."""

    def read() -> int:
        decoder = Decoder(pixels, threads)
        streams, steps = range(layout.num_streams), layout.steps_per_epoch
        config = StreamingConfig()
        with reading(sources, layout, streams, decoder, config, num_steps=steps) as batches:
            count = sum(p.pixels.shape[0] * p.pixels.shape[1] for batch in batches for p in batch)
        decoder.close()
        return count

    return read


def theirs(
    urls: list[str], groups_per_step: int, pixels: Preprocessing, processes: int
) -> Callable[[], int]:
    """One epoch through webdataset, in this process (0) or in DataLoader processes, which stay
    from turn to turn: starting them is not timed.
    """

    def to_group(sample: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        images = [
            to_pixels(value, pixels) for name, value in sample.items() if name.endswith(".jpg")
        ]
        return torch.from_numpy(np.stack(images)), torch.from_numpy(sample["similarities.npy"])

    dataset: Any = (
        WebDataset(urls, shardshuffle=len(urls), seed=0)
        .shuffle(max(1, 64 // groups_per_step))
        .decode("pil")
        .map(to_group)
        .batched(groups_per_step)
    )
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=None, num_workers=processes, persistent_workers=processes > 0
    )
    return lambda: sum(images.shape[0] * images.shape[1] for images, _ in loader)


def compare(ways: Mapping[str, Callable[[], int]], repeats: int, images: int) -> None:
    """Time two ways in turns; print images a second and the ratio."""
    mine, other = in_turns(ways, repeats)
    for way in (mine, other):
        print(f"{way.line()}  {images / _median(way):8.1f} images/s")
    print(ratio_line(mine, other, CLAIM), end="\n\n")


def _median(timing: Timing) -> float:
    return float(np.median(timing.seconds))


def main() -> None:
    """Write the shards and compare."""
    parser = parser_of(__doc__)
    parser.add_argument("--images", help="folder of .jpg files (default: painted pictures)")
    parser.add_argument(
        "--shape", type=int, nargs=2, default=[8, 40], help="shards, groups in each"
    )
    parser.add_argument("--group", type=int, nargs="+", default=[2, 1], help="a group's blocks")
    parser.add_argument("--resolution", type=int, default=224)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=5, help="turns")
    parser.add_argument("--folder", help="where to write (default: the folder for temporaries)")
    asked: argparse.Namespace = parser.parse_args()
    use_one_thread()
    torch.set_num_threads(1)
    pixels = Preprocessing(
        resolution=asked.resolution,
        resize="squash",
        crop_fraction=1.0,
        interpolation="bicubic",
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        root = Folder.at(folder)
        write_run(root, pictures(asked.images), tuple(asked.group), asked.shape)
        sources = open_sources([folder], "train", None)
        assert sources is not None
        per_step = max(1, 96 // sum(asked.group))
        layout = Layout(
            group_counts=sources.group_counts,
            seed=0,
            groups_per_step=per_step,
            num_streams=default_num_streams(per_step, len(sources.group_counts)),
            shuffle_buffer=16,
        )
        urls = sorted(map(str, Path(folder).rglob("*.tar")))
        images = layout.steps_per_epoch * per_step * sum(asked.group)
        for threads in asked.threads:
            ways = {
                f"ours, {threads} thread(s)": ours(sources, layout, pixels, threads),
                f"webdataset, {threads} process(es)": theirs(
                    urls, per_step, pixels, threads if threads > 1 else 0
                ),
            }
            compare(ways, asked.repeats, images)


if __name__ == "__main__":
    main()
