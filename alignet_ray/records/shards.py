"""Soft-label shards: WebDataset tars of groups, each with a sidecar written after it.

A sample is one group: its images, its float32 Gram matrix of teacher similarities, and a JSON
with ids. The tar is a pure function of the groups: fixed owner, mode and time. The sidecar gives
every sample's byte range and SHA-256, so a reader may take any run of groups and check it.
"""

import hashlib
import operator
import re
import tarfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32

from alignet_ray.errors import AlignetError, RecordError, StorageError
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
from alignet_ray.records.npy import parse_npy
from alignet_ray.records.store import Folder
from alignet_ray.records.tar_bytes import TAR_BLOCK, npy_bytes, tar_header

SHARDS_FOLDER = "shards"
SPLITS = ("train", "validation")

_EXTENSION = re.compile(r"\w+")
_SIMILARITIES = "similarities.npy"


@dataclass(frozen=True, kw_only=True)
class Group:
    """One sample: G images, their teacher Gram matrix, and how they were drawn.

    `blocks` are the sizes of the runs of images that share a cluster (or class), in order:
    4, 4, ... for a P x 4 group, 2, 1 for the paper's border triplet.
    """

    images: tuple[bytes, ...]
    extensions: tuple[str, ...]
    similarities: Float32[np.ndarray, "images images"]
    image_ids: tuple[int, ...]
    keys: tuple[str, ...]
    cluster_ids: tuple[int, ...]
    labels: tuple[str | None, ...]
    strategy: str
    blocks: tuple[int, ...]

    def meta(self) -> Json:
        """What the sample's JSON says."""
        return {
            "blocks": list(self.blocks),
            "cluster_ids": list(self.cluster_ids),
            "image_ids": list(self.image_ids),
            "keys": list(self.keys),
            "labels": list(self.labels),
            "strategy": self.strategy,
        }


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A finished shard as its sidecar tells it; offsets and sizes are in bytes of the tar."""

    shard: int
    split: str
    digest: str
    bytes: int
    sha256: str
    samples: tuple[Json, ...]
    parts: Mapping[str, Mapping[str, str]]
    statistics: Json = field(default_factory=dict)

    @property
    def num_groups(self) -> int:
        """Groups in the shard."""
        return len(self.samples)


def tar_name(shard: int) -> str:
    """File name of a shard."""
    return f"{shard:06d}.tar"


def sidecar_name(shard: int) -> str:
    """File name of a shard's sidecar."""
    return f"{shard:06d}.json"


def finished_numbers(names: Collection[str]) -> list[int]:
    """Numbers of the shards of which tar and sidecar are among the names of a folder's files."""
    stems = [name[: -len(".tar")] for name in names if name.endswith(".tar")]
    numbers = sorted(int(stem) for stem in stems if stem.isascii() and stem.isdecimal())
    return [n for n in numbers if tar_name(n) in names and sidecar_name(n) in names]


def sample_key(shard: int, group: int) -> str:
    """WebDataset key of a group."""
    return f"{shard:06d}-{group:05d}"


def _members(group: Group) -> Iterable[tuple[str, bytes]]:
    for position, (image, extension) in enumerate(zip(group.images, group.extensions, strict=True)):
        if not _EXTENSION.fullmatch(extension):  # it becomes part of a file's name
            raise RecordError(
                f"extension {extension!r}", "letters and digits", group.keys[position],
                "Verify the run: jobs/verify.py.",
            )  # fmt: skip
        yield f"{position:03d}.{extension}", image
    yield _SIMILARITIES, npy_bytes(group.similarities)
    yield "json", canonical_json(group.meta())


@dataclass(frozen=True, kw_only=True)
class BuiltTar:
    """A tar in pieces, its size and SHA-256, and where its samples lie."""

    pieces: Sequence[bytes]
    bytes: int
    sha256: str
    samples: tuple[Json, ...]


class ShardWriter:
    """Gathers one tar piece by piece, remembering where everything lies.

    Pieces are never joined: a shard holds hundreds of megabytes that lie in memory already.
    """

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self._pieces: list[bytes] = []
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._samples: list[Json] = []

    def add(self, group: Group) -> None:
        """Append a group as one WebDataset sample."""
        key = sample_key(self._shard, len(self._samples))
        start, checksum = self._size, hashlib.sha256()
        members: list[list[Any]] = []
        for suffix, data in _members(group):
            members.append([suffix, self._size + TAR_BLOCK, len(data)])
            header = tar_header(f"{key}.{suffix}", len(data))
            for piece in (header, data, bytes(-len(data) % TAR_BLOCK)):
                self._append(piece)
                checksum.update(piece)
        self._samples.append(
            {"key": key, "offset": start, "bytes": self._size - start,
             "sha256": checksum.hexdigest(), "members": members}
        )  # fmt: skip

    def _append(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        self._sha256.update(piece)

    def finish(self) -> BuiltTar:
        """The whole tar."""
        self._append(bytes(2 * TAR_BLOCK))
        self._append(bytes(-self._size % tarfile.RECORDSIZE))
        return BuiltTar(
            pieces=self._pieces,
            bytes=self._size,
            sha256=self._sha256.hexdigest(),
            samples=tuple(self._samples),
        )


def write_shard(
    folder: Folder,
    groups: Iterable[Group],
    *,
    shard: int,
    split: str,
    settings_digest: str,
    parts: Mapping[str, Mapping[str, str]],
    statistics: Json,
) -> Shard:
    """Write `NNNNNN.tar` and, after it, `NNNNNN.json`; `parts` are the digests of what was read."""
    writer = ShardWriter(shard)
    for group in groups:
        writer.add(group)
    tar = writer.finish()
    record = Shard(
        shard=shard,
        split=split,
        digest=settings_digest,
        bytes=tar.bytes,
        sha256=tar.sha256,
        samples=tar.samples,
        parts=parts,
        statistics=statistics,
    )
    folder.write(tar_name(shard), tar.pieces)
    folder.write(sidecar_name(shard), canonical_json(vars(record)))
    return record


def read_sidecar(folder: Folder, shard: int) -> Shard:
    """A shard's sidecar. Raises RecordError where it is missing or altered."""
    place = folder.place(sidecar_name(shard))
    data = folder.read_if_there(sidecar_name(shard))
    if data is None:
        raise RecordError("missing", "the sidecar of a finished shard", place, _AGAIN)
    return parse_sidecar(data, place)


def parse_sidecar(data: bytes, place: str) -> Shard:
    """The shard that a sidecar's bytes tell of. Raises RecordError naming the place."""
    fields = parse_json(data, place)
    try:
        fields["samples"] = tuple(fields["samples"])
        shard = Shard(**fields)
    except (KeyError, TypeError) as error:
        raise RecordError(f"fields {sorted(fields)}", "a shard's sidecar", place, _AGAIN) from error
    if not _is_within(shard):
        raise RecordError(
            "samples outside the shard, or none of them", "byte ranges inside it, in order", place,
            _AGAIN,
        )  # fmt: skip
    return shard


def _is_within(shard: Shard) -> bool:
    """Whether each sample lies behind the one before it and all of them in the tar, and members in
    their samples: what a range read asks for is no more than the tar.
    """
    end = 0
    try:
        for sample in shard.samples:
            start = operator.index(sample["offset"])
            if not isinstance(sample["key"], str) or start < end:
                return False
            end = start + operator.index(sample["bytes"])
            edges = [(operator.index(place), place + length) for _, place, length in
                     sample["members"]]  # fmt: skip
            if not all(start <= first <= last <= end for first, last in edges):
                return False
        operator.index(shard.shard)
        return end <= operator.index(shard.bytes)
    except (KeyError, TypeError, ValueError):
        return False


def kept_shard(
    folder: Folder, shard: int, settings_digest: str, parts: Mapping[str, Mapping[str, str]]
) -> Shard | None:
    """The finished shard of that number, if settings, parts and size are as they must be."""
    if not (folder.exists(sidecar_name(shard)) and folder.exists(tar_name(shard))):
        return None
    try:
        record = read_sidecar(folder, shard)
    except RecordError:
        return None
    same = record.digest == settings_digest and record.parts == parts
    return record if same and folder.size(tar_name(shard)) == record.bytes else None


_AGAIN = "Delete the sidecar, if it is there, and run generate again with the same settings."


def end_of_read(shard: Shard, first: int, last: int, read_bytes: int) -> int:
    """Where a range read of groups [first, last) had best end: at most `read_bytes` on, or after
    one group.
    """
    start = shard.samples[first]["offset"]
    for place in range(first + 1, last):
        sample = shard.samples[place]
        if sample["offset"] + sample["bytes"] - start > read_bytes:
            return place
    return last


def byte_range(shard: Shard, first: int, last: int) -> tuple[int, int]:
    """Where groups [first, last) of a shard begin and end; they are at least one."""
    start, end = shard.samples[first], shard.samples[last - 1]
    return start["offset"], end["offset"] + end["bytes"]


def read_bytes(folder: Folder, shard: Shard, start: int, end: int) -> bytes:
    """Bytes [start, end) of a shard's tar, unchecked.

    Raises RecordError where the tar is missing or has another length.
    """
    try:
        return folder.read_range(tar_name(shard.shard), start, end)
    except StorageError as error:
        raise _explained(error, folder, shard) from error


def parse_groups(
    data: bytes, start: int, folder: Folder, shard: Shard, first: int, last: int
) -> list[Group]:
    """Groups [first, last) out of the tar's bytes from `start` on, each checked against its
    SHA-256.
    """
    samples = shard.samples[first:last]
    return [_parse_sample(data, sample, start, folder, shard) for sample in samples]


def read_groups(folder: Folder, shard: Shard, first: int, last: int) -> list[Group]:
    """Groups [first, last) of a shard by one range read, each checked against its SHA-256."""
    if first >= last:
        return []
    start, end = byte_range(shard, first, last)
    return parse_groups(read_bytes(folder, shard, start, end), start, folder, shard, first, last)


def _explained(error: StorageError, folder: Folder, shard: Shard) -> AlignetError:
    """A shard that is gone or has another length is a broken record; else storage failed."""
    name = tar_name(shard.shard)
    found = folder.size(name) if folder.exists(name) else None
    if found == shard.bytes:
        return error
    return RecordError(
        "missing" if found is None else f"{found:,} bytes",
        f"the {shard.bytes:,} bytes that its sidecar names",
        folder.place(name),
        "Delete the shard and its sidecar and run generate again.",
    )


def _parse_sample(data: bytes, sample: Json, start: int, folder: Folder, shard: Shard) -> Group:
    begin = sample["offset"] - start
    if sha256(memoryview(data)[begin : begin + sample["bytes"]]) != sample["sha256"]:
        raise RecordError(
            f"group {sample['key']} has another SHA-256",
            "the bytes that its sidecar names",
            folder.place(tar_name(shard.shard)),
            "Delete the shard and its sidecar and run generate again.",
        )
    members = {
        suffix: data[offset - start : offset - start + size]
        for suffix, offset, size in sample["members"]
    }
    try:
        return group_of_members(members, sample["key"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise RecordError(
            f"group {sample['key']} is unreadable ({error})",
            "images, similarities and JSON",
            folder.place(tar_name(shard.shard)),
            "Delete the shard and its sidecar and run generate again.",
        ) from error


def group_of_members(members: dict[str, bytes], key: str) -> Group:
    """The group that a sample's members (suffix to bytes, in order) hold.

    Raises KeyError, IndexError, TypeError or ValueError where they are no group.
    """
    members = dict(members)
    meta = parse_json(members.pop("json"), key)
    matrix = parse_npy(members.pop(_SIMILARITIES))
    if matrix.dtype != np.float32 or matrix.shape != (len(members),) * 2:
        raise ValueError(f"similarities are {matrix.dtype} {matrix.shape}")
    told = {name: len(meta[name]) for name in ("image_ids", "keys", "cluster_ids", "labels")}
    if set(told.values()) != {len(members)}:
        raise ValueError(f"{len(members)} images, but {told}")
    return Group(
        images=tuple(members.values()),
        extensions=tuple(suffix.split(".", 1)[1] for suffix in members),
        similarities=matrix,
        image_ids=tuple(meta["image_ids"]),
        keys=tuple(meta["keys"]),
        cluster_ids=tuple(meta["cluster_ids"]),
        labels=tuple(meta["labels"]),
        strategy=meta["strategy"],
        blocks=tuple(meta["blocks"]),
    )


def shard_folder(root: Folder, split: str) -> Folder:
    """Where the shards of a split lie."""
    return root.folder(f"{SHARDS_FOLDER}/{split}")
