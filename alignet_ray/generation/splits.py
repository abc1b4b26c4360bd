"""One split's shards as Ray tasks, and its manifest, written when all of them are there."""

from collections.abc import Iterable
from dataclasses import dataclass

from alignet_ray.functional.groups import num_triplets
from alignet_ray.functional.sampling import PoolStatistics
from alignet_ray.generation.labelling import LabelRequest, make_shard
from alignet_ray.generation.plan import SplitPlan
from alignet_ray.records.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestShard,
    read_manifest,
    write_manifest,
)
from alignet_ray.records.shards import finished_numbers, shard_folder, sidecar_name, tar_name
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks


@dataclass(frozen=True, kw_only=True)
class SplitSummary:
    """A split as it now is; `worst_eligible_share` is of the shards that this call looked at.

    Of its images `num_drawable` can be in a group. Of the new shards `num_remade` had been there
    before: the manifest named them, but they were missing or broken.
    """

    split: str
    strategy: str
    blocks: tuple[int, ...]
    num_images: int
    num_drawable: int
    num_groups: int
    num_triplets: int
    num_draws: int
    num_shards: int
    num_new_shards: int
    num_remade: int
    num_bytes: int
    num_asked_shards: int
    worst_eligible_share: float
    teacher_temperature: float
    has_new_manifest: bool

    @property
    def has_written(self) -> bool:
        """Whether this call wrote a shard or the manifest."""
        return self.num_new_shards > 0 or self.has_new_manifest

    @property
    def expected_coverage(self) -> float:
        """Expected share of its images in at least one group."""
        return expected_coverage(self.num_images, self.num_draws, self.num_drawable)


def expected_coverage(num_images: int, num_draws: int, num_drawable: int | None = None) -> float:
    """Expected share of images drawn at least once, were draws uniform and independent.

    Where only `num_drawable` of the images can be drawn, the others stay uncovered.
    """
    drawable = num_images if num_drawable is None else num_drawable
    if drawable == 0:
        return 0.0
    return drawable / num_images * (1 - (1 - 1 / drawable) ** num_draws)


def forget_manifests(root: Folder, splits: Iterable[SplitPlan]) -> None:
    """Delete the manifests, so that every shard is checked against its parts again."""
    for split in splits:
        shard_folder(root, split.split).delete(MANIFEST_NAME)


@dataclass(frozen=True, kw_only=True)
class SplitShards:
    """A split's finished shards before its manifest: lines by number, and what was new; of these
    `num_remade` were shards that the manifest had named already.
    """

    request: LabelRequest
    lines: dict[int, ManifestShard]
    statistics: list[PoolStatistics]
    num_new: int
    num_remade: int


def make_shards(request: LabelRequest, *, shows_progress: bool) -> SplitShards:
    """Make the shards of a split that are missing."""
    split = request.split
    known = known_shards(request.root, split.split)
    lines = known.finished
    num_shards = max(split.num_shards, known.num_ever)
    missing = [shard for shard in range(num_shards) if shard not in lines]
    statistics: list[PoolStatistics] = []
    num_new = num_remade = 0
    with progress(f"label {split.split}", len(missing), "shards", is_shown=shows_progress) as step:
        for shard, labelled in map_tasks(make_shard, missing, request):
            lines[shard] = labelled.line
            statistics.append(labelled.statistics)
            num_new += labelled.is_new
            num_remade += labelled.is_new and shard in known.broken
            step(1)
    return SplitShards(
        request=request,
        lines=lines,
        statistics=statistics,
        num_new=num_new,
        num_remade=num_remade,
    )


def manifest_of(shards: SplitShards, *, teacher_temperature: float) -> Manifest:
    """The manifest of a split whose shards are all there."""
    request = shards.request
    split = request.split
    return Manifest(
        digest=request.settings_digest,
        split=split.split,
        strategy=request.strategy,
        blocks=split.blocks,
        teacher_temperature=teacher_temperature,
        num_images=split.num_images,
        shards=tuple(shards.lines[shard] for shard in sorted(shards.lines)),
    )


def finish_split(shards: SplitShards, manifest: Manifest) -> SplitSummary:
    """Write the manifest, unless it lies there, which says that the split is done."""
    is_new = write_manifest(shards.request.root, manifest)
    return _summary(manifest, shards, has_new_manifest=is_new)


@dataclass(frozen=True, kw_only=True)
class KnownShards:
    """Shards that the manifest names: lines of those that are still there in full, by number, and
    numbers of the `broken` others. `num_ever` is how many shards manifest or folder have ever had.
    """

    finished: dict[int, ManifestShard]
    broken: frozenset[int]
    num_ever: int


def known_shards(root: Folder, split: str) -> KnownShards:
    """What is known of a split's shards from its manifest and the names and sizes of its files."""
    manifest = read_manifest(root, split)
    sizes = shard_folder(root, split).sizes()
    lines = manifest.shards if manifest else ()
    numbers = [line.shard for line in lines]
    numbers += finished_numbers(sizes)
    finished = {
        line.shard: line
        for line in lines
        if sizes.get(tar_name(line.shard)) == line.bytes and sidecar_name(line.shard) in sizes
    }
    broken = frozenset(line.shard for line in lines if line.shard not in finished)
    return KnownShards(finished=finished, broken=broken, num_ever=max(numbers, default=-1) + 1)


def _summary(manifest: Manifest, shards: SplitShards, *, has_new_manifest: bool) -> SplitSummary:
    split = shards.request.split
    return SplitSummary(
        split=manifest.split,
        strategy=manifest.strategy,
        blocks=manifest.blocks,
        num_images=split.num_images,
        num_drawable=split.num_images if split.num_drawable is None else split.num_drawable,
        num_groups=manifest.num_groups,
        num_triplets=manifest.num_groups * num_triplets(manifest.strategy, manifest.blocks),
        num_draws=manifest.num_groups * sum(manifest.blocks),
        num_shards=len(manifest.shards),
        num_new_shards=shards.num_new,
        num_remade=shards.num_remade,
        num_bytes=sum(line.bytes for line in manifest.shards),
        num_asked_shards=split.num_shards,
        worst_eligible_share=min((s.eligible_share for s in shards.statistics), default=1.0),
        teacher_temperature=manifest.teacher_temperature,
        has_new_manifest=has_new_manifest,
    )
