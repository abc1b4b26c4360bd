"""The manifest of a split: its finished shards in order. The last thing written says "done".

It holds what a trainer needs to plan without opening a sidecar. More groups later make it
longer; the shards that it named before stay where and what they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alignet_ray.errors import RecordError
from alignet_ray.functional.groups import STRATEGIES
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
from alignet_ray.records.shards import Shard, shard_folder, sidecar_name
from alignet_ray.records.store import Folder
from alignet_ray.records.tar_bytes import TAR_BLOCK

MANIFEST_NAME = "manifest.json"
MOST_IMAGES = 100_000
"""Images of a group: above it the matrix of its similarities alone would be 40 GB."""
MOST_SHARD_BYTES = 1 << 40
_AGAIN = "Run generate again."


@dataclass(frozen=True, kw_only=True)
class ManifestShard:
    """One finished shard: number, groups, bytes, SHA-256 of the tar and of its sidecar."""

    shard: int
    samples: int
    bytes: int
    sha256: str
    sidecar_sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The finished shards of a split, and what every group in them has in common."""

    digest: str
    split: str
    strategy: str
    blocks: tuple[int, ...]
    teacher_temperature: float
    num_images: int
    shards: tuple[ManifestShard, ...]

    @property
    def num_groups(self) -> int:
        """Groups in all shards."""
        return sum(shard.samples for shard in self.shards)

    def to_json(self) -> Json:
        """As it lies on disk."""
        shards = [vars(shard) for shard in self.shards]
        return {**vars(self), "blocks": list(self.blocks), "shards": shards}

    def pin(self, num_shards: int) -> str:
        """Digest of the first `num_shards` shards: what a training run holds on to."""
        head = [vars(shard) for shard in self.shards[:num_shards]]
        return sha256(canonical_json([self.digest, head]))


def manifest_shard(folder: Folder, shard: Shard) -> ManifestShard:
    """The manifest's line for a finished shard."""
    return ManifestShard(
        shard=shard.shard,
        samples=shard.num_groups,
        bytes=shard.bytes,
        sha256=shard.sha256,
        sidecar_sha256=sha256(folder.read(sidecar_name(shard.shard))),
    )


def is_written(root: Folder, manifest: Manifest) -> bool:
    """Whether the manifest that lies there says just this."""
    folder = shard_folder(root, manifest.split)
    data = canonical_json(manifest.to_json())
    return folder.exists(MANIFEST_NAME) and folder.read(MANIFEST_NAME) == data


def write_manifest(root: Folder, manifest: Manifest) -> bool:
    """Write the manifest unless it says this already; returns whether anything was written."""
    if is_written(root, manifest):
        return False
    shard_folder(root, manifest.split).write(MANIFEST_NAME, canonical_json(manifest.to_json()))
    return True


def read_manifest(root: Folder, split: str) -> Manifest | None:
    """The manifest of a split, or None where none is finished."""
    folder = shard_folder(root, split)
    if not folder.exists(MANIFEST_NAME):
        return None
    place = folder.place(MANIFEST_NAME)
    manifest = parse_manifest(parse_json(folder.read(MANIFEST_NAME), place), place)
    if manifest.split != split:  # the name of a folder: it must not lead elsewhere
        raise RecordError(f"split {manifest.split!r}", f"{split!r}", place, _AGAIN)
    return manifest


def parse_manifest(fields: Json, place: str) -> Manifest:
    """The manifest that JSON fields hold. Raises RecordError where they hold none."""
    try:
        shards: Sequence[Json] = fields["shards"]
        taken: Json = {
            **fields,
            "blocks": tuple(fields["blocks"]),
            "shards": tuple(ManifestShard(**shard) for shard in shards),
        }
        manifest = Manifest(**taken)
    except (KeyError, TypeError) as error:
        raise RecordError(f"fields {sorted(fields)}", "a manifest", place, _AGAIN) from error
    fault = _fault(manifest)
    if fault is not None:
        raise RecordError(fault, "counts that a tar can hold", place, _AGAIN)
    return manifest


def _fault(manifest: Manifest) -> str | None:
    """What cannot be true: plans are made from these counts before a shard is opened."""
    blocks = manifest.blocks
    if not blocks or not all(_is_count(size, 1) for size in blocks):
        return f"blocks {blocks!r}"
    if sum(blocks) > MOST_IMAGES:
        return f"groups of {sum(blocks):,} images"
    if manifest.strategy not in STRATEGIES:
        return f"strategy {manifest.strategy!r}"
    temperature = manifest.teacher_temperature
    if not (_is_number(temperature) and 0 < temperature < math.inf):
        return f"teacher temperature {temperature!r}"
    # Each image, the similarities and the JSON have a header of their own.
    least = TAR_BLOCK * (sum(blocks) + 2)
    for shard in manifest.shards:
        counts = (shard.shard, shard.samples, shard.bytes)
        if not all(_is_count(count, 0) for count in counts):
            return f"shard {shard.shard!r} of {shard.samples!r} samples and {shard.bytes!r} bytes"
        if shard.samples * least > shard.bytes or shard.bytes > MOST_SHARD_BYTES:
            return f"shard {shard.shard} of {shard.samples:,} samples in {shard.bytes:,} bytes"
        if not all(map(_is_text, (shard.sha256, shard.sidecar_sha256))):
            return f"shard {shard.shard} without digests"
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
