"""The manifest of a split: its finished shards in order. The last thing written says "done".

It holds what a trainer needs to plan without opening a sidecar. More groups later make it
longer; the shards that it named before stay where and what they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
from alignet_ray.records.shards import Shard, shard_folder, sidecar_name
from alignet_ray.records.store import Folder

MANIFEST_NAME = "manifest.json"


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
    return parse_manifest(parse_json(folder.read(MANIFEST_NAME), place), place)


def parse_manifest(fields: Json, place: str) -> Manifest:
    """The manifest that JSON fields hold. Raises RecordError where they hold none."""
    try:
        shards: Sequence[Json] = fields["shards"]
        taken: Json = {
            **fields,
            "blocks": tuple(fields["blocks"]),
            "shards": tuple(ManifestShard(**shard) for shard in shards),
        }
        return Manifest(**taken)
    except (KeyError, TypeError) as error:
        raise RecordError(
            f"fields {sorted(fields)}", "a manifest", place, "Run generate again."
        ) from error
