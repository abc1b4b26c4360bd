"""A tiny finished run of real JPEGs, and the settings of a tiny student that trains on it."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.records.manifest import Manifest, manifest_shard, write_manifest
from alignet_ray.records.shards import Group, shard_folder, write_shard
from alignet_ray.records.store import Folder

SIDE = 32
NUM_CLUSTERS = 6
MakeRun = Callable[..., str]
MakeConfig = Callable[..., TrainConfig]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _image(hue: np.ndarray, random: np.random.Generator) -> bytes:
    noise = random.normal(scale=12, size=(SIDE, SIDE, 3))
    pixels = np.clip(128 + 90 * hue + noise, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def make_group(blocks: tuple[int, ...], strategy: str, random: np.random.Generator) -> Group:
    """A group whose teacher looks only at the images' colour: one colour a cluster."""
    hues = np.random.default_rng(99).uniform(-1, 1, size=(NUM_CLUSTERS, 3))
    chosen = random.permutation(NUM_CLUSTERS)[: len(blocks)]
    clusters = np.repeat(chosen, blocks)
    own = hues[clusters] + random.normal(scale=0.1, size=(len(clusters), 3))
    names = tuple(f"{random.integers(1 << 40)}.jpg" for _ in clusters)
    return Group(
        images=tuple(_image(hue, random) for hue in own),
        extensions=("jpg",) * len(clusters),
        similarities=(3 * own @ own.T).astype(np.float32),
        image_ids=tuple(range(len(clusters))),
        keys=names,
        cluster_ids=tuple(int(c) for c in clusters),
        labels=(None,) * len(clusters),
        strategy=strategy,
        blocks=blocks,
    )


def write_split(
    root: Folder, split: str, counts: tuple[int, ...], strategy: str, blocks: tuple[int, ...]
) -> None:
    """Shards with `counts` groups each, and the manifest."""
    folder = shard_folder(root, split)
    entries = []
    for index, count in enumerate(counts):
        random = np.random.default_rng([index, len(split), len(blocks)])
        groups = [make_group(blocks, strategy, random) for _ in range(count)]
        shard = write_shard(
            folder, groups, shard=index, split=split, settings_digest="d", parts={}, statistics={}
        )
        entries.append(manifest_shard(folder, shard))
    manifest = Manifest(
        digest="d",
        split=split,
        strategy=strategy,
        blocks=blocks,
        teacher_temperature=1.0,
        num_images=100,
        shards=tuple(entries),
    )
    write_manifest(root, manifest)


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    def make(
        counts: tuple[int, ...] = (5, 7, 6),
        strategy: str = "cluster_border",
        blocks: tuple[int, ...] = (2, 2, 2),
        validation: tuple[int, ...] = (4,),
    ) -> str:
        root = Folder.at(str(tmp_path_factory.mktemp("run")))
        write_split(root, "train", counts, strategy, blocks)
        if validation:
            write_split(root, "validation", validation, strategy, blocks)
        return root.url

    return make


@pytest.fixture(scope="session")
def run_root(make_run: MakeRun) -> str:
    """One run that no test changes."""
    return make_run()


@pytest.fixture
def make_config(run_root: str, tmp_path: Path) -> MakeConfig:
    def make(output: str = "student", **changes: Any) -> TrainConfig:
        pixels = PreprocessingConfig(resolution=SIDE, resize="squash", interpolation="bilinear")
        config = TrainConfig(
            runs=(run_root,),
            output=str(tmp_path / output),
            student=BackboneConfig(
                name="test_efficientnet", random_init=True, preprocessing=pixels
            ),
            groups_per_step=4,
            steps=4,
            warmup_steps=1,
            learning_rate=1e-3,
            data=StreamingConfig(num_streams=2, shuffle_buffer=3),
            resources=Resources(device="cpu", num_cpus=2, progress=False),
        )
        return replace(config, **changes)

    return make


class Listener:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.steps = 0
        self.lines: list[str] = []
        self.first_step: int | None = None

    def begin(self, step: int) -> None:
        self.first_step = step

    def advance(self, steps: int, text: str = "") -> None:
        self.steps += steps

    def say(self, line: str) -> None:
        self.lines.append(line)

    def is_stopping(self) -> bool:
        return False


@pytest.fixture
def listener() -> Listener:
    return Listener()
