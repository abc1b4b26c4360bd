"""A run's triplets out: one `.npz` in the released layout, streamed from pieces.

Beside the file a small JSON says, last of all, what it was made from; while it is made, a folder
`FILE.npz.work` holds the pieces, so that a killed job goes on where it was.
"""

import contextlib
import hashlib
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError, RecordError
from alignet_ray.functional.groups import num_triplets
from alignet_ray.generation.conversion.assembly import write_npz
from alignet_ray.generation.conversion.names import repeated_base_name
from alignet_ray.generation.conversion.pieces import (
    PieceRequest,
    names_name,
    piece_name,
    write_piece,
)
from alignet_ray.records.digests import Json, canonical_json, parse_json, refuse_other_settings
from alignet_ray.records.listing import read_index, read_rows
from alignet_ray.records.lock import locked
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest, ManifestShard, read_manifest
from alignet_ray.records.run import image_root
from alignet_ray.records.shards import shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.tasks import map_tasks, run_task

MANY_TRIPLETS = 100_000_000
_INTENT_NAME = "made_from.json"
_HASHED_BYTES = 1 << 24
_OTHER = "Give another --output-npz, or delete the file and what stands beside it."


@dataclass(frozen=True, kw_only=True)
class ExportSummary:
    """What was written, or was there already; `repeated` is a base name that two images have."""

    place: str
    num_triplets: int
    num_bytes: int
    repeated: str | None
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class _Target:
    """The file to write, by folder and name, its sidecar, and the folder of its pieces."""

    folder: Folder
    name: str

    @staticmethod
    def at(url: str) -> "_Target":
        parent, _, name = absolute_url(url).rpartition("/")
        return _Target(folder=Folder(parent or "/"), name=name)

    @property
    def sidecar(self) -> str:
        return f"{self.name}.json"

    @property
    def work(self) -> Folder:
        return self.folder.folder(f"{self.name}.work")


def export_triplets(config: ConvertConfig) -> ExportSummary:
    """Write the file unless it is there. Raises AlignetError in one line for all a user meets."""
    assert config.run is not None
    assert config.output_npz is not None
    root, target = Folder.at(config.run), _Target.at(config.output_npz)
    manifest = _manifest(root, config.split)
    total = _count(config, manifest)
    with locked(target.work), _tidied(target), ray_session(config.resources):
        repeated = run_task(repeated_name, root)
        made_from = _made_from(config, manifest, total, repeated)
        there = _finished(target, made_from)
        found = there or _write(config, root, target, manifest, made_from)
    return ExportSummary(
        place=target.folder.place(target.name),
        num_triplets=total,
        num_bytes=found["bytes"],
        repeated=repeated,
        is_new=there is None,
    )


@contextlib.contextmanager
def _tidied(target: _Target) -> Generator[None]:
    """Afterwards remove the working folder, unless a job was begun and not finished."""
    try:
        yield
    finally:
        if not target.work.exists(_INTENT_NAME):
            target.work.remove()


def _manifest(root: Folder, split: str) -> Manifest:
    manifest = read_manifest(root, split)
    if manifest is None or not manifest.num_groups:
        raise InputError(
            "no groups", f"a finished {split} split",
            shard_folder(root, split).place(MANIFEST_NAME), "Check --run and --split.",
        )  # fmt: skip
    return manifest


def _most(config: ConvertConfig, manifest: Manifest) -> int | None:
    """Triplets to draw of a group, or None where all are taken."""
    most = config.max_triplets_per_group
    inside = num_triplets(manifest.strategy, manifest.blocks)
    return most if most is not None and most < inside else None


def _count(config: ConvertConfig, manifest: Manifest) -> int:
    """Triplets that will be written; says so beforehand where they are very many."""
    a_group = _most(config, manifest) or num_triplets(manifest.strategy, manifest.blocks)
    total = a_group * manifest.num_groups
    if total > MANY_TRIPLETS:
        sys.stderr.write(
            f"warning: {total:,} triplets will be written, {a_group:,} of each group; "
            "--max-triplets-per-group takes fewer\n"
        )
    return total


def repeated_name(root: Folder) -> str | None:
    """A base name that two images of the run share, or None where each has its own."""
    images = image_root(root)
    index = read_index(images)
    if index is None:
        raise RecordError("no listing", "the listing of a run", images.url, "Check --run.")
    return repeated_base_name(read_rows(images, index, 0, index.num_images).column("key"))


def _made_from(config: ConvertConfig, manifest: Manifest, total: int, repeated: str | None) -> Json:
    most = _most(config, manifest)
    return {
        "shards": manifest.pin(len(manifest.shards)),
        "split": manifest.split,
        "max_triplets_per_group": most,
        "seed": None if most is None else config.seed,
        "names": "base names" if repeated is None else "keys",
        "num_triplets": total,
    }


def _finished(target: _Target, made_from: Json) -> Json | None:
    """The sidecar of the file, if it was made from the same; None where there is no file.

    Raises MismatchError where it was made from something else, InputError where it is not ours.
    """
    folder, place = target.folder, target.folder.place(target.name)
    has_file = folder.exists(target.name)
    if folder.exists(target.sidecar) and has_file:
        sidecar = parse_json(folder.read(target.sidecar), folder.place(target.sidecar))
        refuse_other_settings(sidecar.get("made_from", {}), made_from, place, _OTHER)
        if folder.size(target.name) == sidecar.get("bytes"):
            target.work.delete(_INTENT_NAME)
            return sidecar
    elif has_file and not target.work.exists(_INTENT_NAME):
        raise InputError("a file that this job did not finish", "no file", place, _OTHER)
    return None


def _write(
    config: ConvertConfig, root: Folder, target: _Target, manifest: Manifest, made_from: Json
) -> Json:
    """Pieces, then the file, then its sidecar."""
    work, folder = target.work, target.folder
    work.remove_temporaries()
    intent = canonical_json(made_from)
    if work.exists(_INTENT_NAME) and work.read(_INTENT_NAME) != intent:
        for name in work.sizes():  # of a killed job that was asked for something else
            work.delete(name)
    work.write(_INTENT_NAME, intent)
    _make_pieces(config, root, target, manifest, has_base_names=made_from["names"] != "keys")
    a_group = made_from["num_triplets"] // manifest.num_groups
    with folder.building(target.name) as path:
        with progress(
            "write", 3 * made_from["num_triplets"], "rows", is_shown=config.resources.progress
        ) as advance:
            write_npz(
                path, work, [(s.shard, s.samples * a_group) for s in manifest.shards], advance
            )
        sidecar = {
            "made_from": made_from, "bytes": path.stat().st_size, "sha256": _sha256(path)
        }  # fmt: skip
    folder.write(target.sidecar, canonical_json(sidecar))
    work.delete(_INTENT_NAME)
    return sidecar


def _make_pieces(
    config: ConvertConfig,
    root: Folder,
    target: _Target,
    manifest: Manifest,
    *,
    has_base_names: bool,
) -> None:
    request = PieceRequest(
        root=root,
        split=manifest.split,
        strategy=manifest.strategy,
        blocks=manifest.blocks,
        most=_most(config, manifest),
        seed=config.seed,
        has_base_names=has_base_names,
        work=target.work,
    )
    present = target.work.sizes()
    missing: list[ManifestShard] = [
        line
        for line in manifest.shards
        if piece_name(line.shard) not in present or names_name(line.shard) not in present
    ]
    shows_progress = config.resources.progress
    with progress("export", len(missing), "shards", is_shown=shows_progress) as advance:
        for _ in map_tasks(write_piece, missing, request):
            advance(1)


def _sha256(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while data := stream.read(_HASHED_BYTES):
            state.update(data)
    return state.hexdigest()
