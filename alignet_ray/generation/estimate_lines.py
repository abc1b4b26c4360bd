"""What a dry run says to people of its estimate."""

from collections.abc import Iterator

from alignet_ray.generation.estimate import Estimate, SplitEstimate
from alignet_ray.generation.splits import expected_coverage
from alignet_ray.generation.summary import images_drawn_from, never_drawn
from alignet_ray.plurals import counted

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"))
_HOUR = 3600.0


def estimate_lines(found: Estimate, root: str) -> Iterator[str]:
    """The estimate for people, most important first."""
    state = "a new run" if found.is_new else "goes on"
    yield f"Dry run, nothing is written: {root} ({state}), device {found.device}"
    clusters = " or ".join(map(str, found.candidates))
    classes = (
        "" if found.num_classes is None else f", {counted(found.num_classes, 'class', 'classes')}"
    )
    yield f"{counted(found.num_images, 'image')}, {clusters} clusters{classes}"
    rejected, sample = found.rejected_in_sample
    yield (
        f"embed: {found.num_forward_passes:,} forward passes, "
        f"{_size(float(found.bytes_to_read))} to read, {_size(found.table_bytes)} of image table "
        f"and clusters to write (stored copies of {found.stored_image_bytes / 1e3:,.1f} kB, "
        f"from {sample} images)"
    )
    if found.embed_hours is not None and found.decode_hours is not None:
        one = "one GPU" if found.device == "cuda" else "one core"
        yield (
            f"  {_hours(found.embed_hours)} of {one} to embed, and {_hours(found.decode_hours)} of "
            "one core to read, decode and store (tried on these images, one at a time)"
        )
    if rejected:
        yield f"  warning: {rejected} of these {sample} images would be rejected"
    for split in found.splits:
        yield from _split_lines(split)
    total = found.table_bytes + sum(split.bytes_to_write for split in found.splits)
    yield f"to write in all: about {_size(total)}"
    if found.requests is not None:
        yield (
            f"requests of the object store: about {found.requests.writes:,.0f} that write or list "
            f"and {found.requests.reads:,.0f} that read"
        )


def _split_lines(split: SplitEstimate) -> Iterator[str]:
    plan = split.plan
    drawable = plan.num_images if plan.num_drawable is None else plan.num_drawable
    coverage = expected_coverage(plan.num_images, plan.num_draws, drawable)
    yield (
        f"{plan.split}: {counted(plan.num_groups, 'group')} of {sum(plan.blocks)}, "
        f"{counted(split.num_triplets, 'triplet')}, {counted(plan.num_draws, 'image draw')} over "
        f"{images_drawn_from(plan.num_images, drawable)} (about {coverage:.0%} covered), "
        f"{counted(plan.num_shards, 'shard')}, "
        f"{split.num_finished_shards:,} of them there, {_size(split.bytes_to_write)} to write"
    )
    if plan.split == "train" and drawable < plan.num_images:
        yield f"  warning: {never_drawn(plan.num_images, drawable, plan.blocks)}"
    if plan.split == "train" and plan.num_draws < plan.num_images:
        yield "  warning: fewer draws than images; ask for more with --num-groups"


def _hours(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} hours"
    return f"{60 * hours:,.1f} minutes" if 60 * hours >= 1 else f"{_HOUR * hours:,.1f} seconds"


def _size(num_bytes: float) -> str:
    unit, name = next(((u, n) for u, n in _UNITS if num_bytes >= u), _UNITS[-1])
    return f"{num_bytes / unit:,.1f} {name}"
