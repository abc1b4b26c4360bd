"""Roots on a local disk and in an object store, and records to lay there."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.records.listing import LISTING_SCHEMA
from alignet_ray.records.shards import Group
from alignet_ray.records.store import Folder


@pytest.fixture(scope="session")
def new_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Folder]]:
    """Makes an empty root of its own: `local` or `memory`."""

    def make(kind: str) -> Folder:
        if kind == "local":
            return Folder.at(str(tmp_path_factory.mktemp("root")))
        return Folder.at(f"memory://{uuid.uuid4().hex}/run")

    yield make
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, new_root: Callable[[str], Folder]) -> Folder:
    return new_root(request.param)


@pytest.fixture
def local_root(tmp_path: Path) -> Folder:
    return Folder.at(str(tmp_path / "root"))


@pytest.fixture(scope="session")
def alter() -> Callable[..., None]:
    """Overwrites a byte of a file, or cuts the file there."""

    def change(folder: Folder, name: str, position: int, *, cuts: bool = False) -> None:
        data = bytearray(folder.read(name))
        if cuts:
            del data[position:]
        else:
            data[position] ^= 0xFF
        folder.write(name, bytes(data))

    return change


@pytest.fixture(scope="session")
def make_listing() -> Callable[[int], pa.Table]:
    def make(num_images: int, url: str = "gs://bucket") -> pa.Table:
        keys = [f"label{row % 3}/{row:05d}.jpg" for row in range(num_images)]
        return pa.table(
            {
                "key": keys,
                "url": [f"{url}/{key}" for key in keys],
                "offset": [0] * num_images,
                "length": [100 + row for row in range(num_images)],
                "label": [key.split("/")[0] if row % 5 else None for row, key in enumerate(keys)],
            },
            schema=LISTING_SCHEMA,
        )

    return make


@pytest.fixture(scope="session")
def make_groups() -> Callable[..., list[Group]]:
    """Groups of random bytes of uneven lengths: a tar does not care."""

    def make(num_groups: int, blocks: tuple[int, ...] = (2, 1), seed: int = 0) -> list[Group]:
        random = np.random.default_rng(seed)
        size = sum(blocks)
        return [
            Group(
                images=tuple(random.bytes(int(random.integers(0, 1400))) for _ in range(size)),
                extensions=tuple(["jpg", "png", "webp"][i % 3] for i in range(size)),
                similarities=random.normal(size=(size, size)).astype(np.float32),
                image_ids=tuple(range(number, number + size)),
                keys=tuple(f"a/ü {number}.{i}.jpg" for i in range(size)),
                cluster_ids=tuple(np.repeat(range(len(blocks)), blocks).tolist()),
                labels=tuple([None, "a", "b"][i % 3] for i in range(size)),
                strategy="cluster_border",
                blocks=blocks,
            )
            for number in range(num_groups)
        ]

    return make


@pytest.fixture(scope="session")
def backbone() -> ResolvedBackbone:
    return ResolvedBackbone(
        name="test_vit",
        model_args=("num_classes=10",),
        representation="pre_logits",
        preprocessing=Preprocessing(
            resolution=160,
            resize="crop",
            crop_fraction=0.9,
            interpolation="bicubic",
            mean=(0.1, 0.2, 0.3),
            std=(0.5, 0.5, 0.5),
        ),
        dim=4,
        weights_sha256="0" * 64,
        checkpoint="/somewhere/weights.safetensors",
    )
