"""Released files of triplets of a few photographs, and the records between them and shards."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from alignet_ray.generation.conversion.names import NameTable
from alignet_ray.generation.conversion.places import PlacesRequest, load_places, write_places
from alignet_ray.generation.conversion.shards import ConvertedShardRequest, make_shard
from alignet_ray.generation.conversion.triplets import ResolveRequest, resolve_triplets
from alignet_ray.records.digests import digest
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import write_listing
from alignet_ray.records.parts import PartLayout, read_sidecar
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import StoredFormat
from alignet_ray.stages.sources import list_folder
from alignet_ray.stages.store_images import StoreRequest, store_part

WriteNpz = Callable[..., str]


@pytest.fixture
def write_npz(tmp_path: Path) -> WriteNpz:
    """Saves arrays as a user would, compressed or not; returns the path."""

    def write(name: str = "t.npz", *, compressed: bool = False, **arrays: np.ndarray) -> str:
        path = tmp_path / name
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return str(path)

    return write


def random_triplets(names: list[str], count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Names of different images, and similarities of which the first is the largest."""
    random = np.random.default_rng(seed)
    rows = np.stack([random.permutation(len(names))[:3] for _ in range(count)])
    similarities = np.sort(random.normal(size=(count, 3)).astype(np.float32))[:, ::-1]
    return np.array(names)[rows], np.ascontiguousarray(similarities)


@pytest.fixture(scope="session")
def make_triplets() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return random_triplets


@pytest.fixture
def break_zip() -> Callable[[str], None]:
    """Alters the last byte of the names inside a stored zip."""

    def change(path: str) -> None:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("filenames.npy")
        data = bytearray(Path(path).read_bytes())
        header = 30 + len(info.filename) + data[info.header_offset + 28]
        data[info.header_offset + header + info.file_size - 4] ^= 1
        Path(path).write_bytes(data)

    return change


@dataclass(frozen=True, kw_only=True)
class World:
    """A run in the making, stage by stage and without Ray."""

    root: Folder
    layout: PartLayout
    store: StoreRequest
    places: PlacesRequest
    names: NameTable
    keys: list[str]

    def make_table(self) -> None:
        for part in range(self.layout.num_parts):
            store_part(part, self.store)
            write_places(part, self.places)

    def load(self):
        images = self.root.folder(IMAGES_FOLDER)
        numbers = range(self.layout.num_parts)
        return load_places(
            self.places, {part: read_sidecar(images, part)["sha256"] for part in numbers}
        )

    def resolve(self, url: str, rejected=(), **changes) -> None:
        plain = {
            "root": self.root, "rejected": np.array(rejected, np.int64),
            "rejects": digest(list(rejected)), "settings_digest": "shards", "max_rows": None,
            "part_rows": 8, "row_group_rows": 4,
        }  # fmt: skip
        resolve_triplets(("train", url), self.names, ResolveRequest(**{**plain, **changes}))

    def shards(self, num_rows: int, **changes) -> ConvertedShardRequest:
        plain = {
            "root": self.root, "split": "train", "groups_per_shard": 6,
            "strategy": "cluster_border", "settings_digest": "shards",
            "layout": PartLayout(num_rows=num_rows, part_rows=8, row_group_rows=4),
        }  # fmt: skip
        return ConvertedShardRequest(**{**plain, **changes})

    def make_shards(self, num_rows: int) -> None:
        request = self.shards(num_rows)
        for shard in range(request.num_shards):
            make_shard(shard, request, self.load())


@pytest.fixture
def make_world(photo_folder, tmp_path: Path) -> Callable[..., World]:
    """12 photographs (one of them broken, where so asked), listed, in parts of 4."""

    def make(name: str = "run", *, has_broken: bool = False) -> World:
        folder = photo_folder(labels=("cat", "dog"), images_per_label=6)
        for path in sorted(folder.rglob("*.jpg")):
            path.rename(path.with_name(f"{path.parent.name}_{path.name}"))
        if has_broken:
            (folder / "cat" / "cat_000.jpg").write_bytes(b"no image")
        root, listing = Folder.at(str(tmp_path / name)), list_folder(str(folder), 0)
        layout = PartLayout(num_rows=listing.num_rows, part_rows=4, row_group_rows=2)
        index = write_listing(root, listing)
        return World(
            root=root,
            layout=layout,
            store=StoreRequest(
                root=root, index=index, layout=layout, stored=StoredFormat(shorter_side=32),
                settings_digest="images",
            ),
            places=PlacesRequest(
                root=root, image_root=root, layout=layout, settings_digest="images"
            ),
            names=NameTable.of(listing.column("key")),
            keys=listing.column("key").to_pylist(),
        )  # fmt: skip

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.make_table()
    return made
