"""What generate says when it is done: counts, warnings, and what to run next."""

from collections import Counter
from collections.abc import Iterator

from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.generation.job import GenerateSummary
from alignet_ray.generation.report.job import REPORT_NAME
from alignet_ray.generation.splits import SplitSummary
from alignet_ray.plurals import counted

_LEAST_ELIGIBLE_SHARE = 0.9
_MEGABYTE = 1e6


def summary_lines(summary: GenerateSummary) -> Iterator[str]:
    """The lines, most important first."""
    yield (
        f"{counted(summary.num_images, 'image')} ({len(summary.rejects):,} rejected), "
        f"{counted(summary.num_clusters, 'cluster')}, {_classes(summary)}device {summary.device}"
        + (f", k-means on {summary.fitted_on}" if summary.fitted_on else "")
    )
    for reason, count in Counter(summary.rejects.values()).most_common():
        yield f"  rejected: {count:,} x {reason}"
    for warning in summary.warnings:
        yield f"  warning: {warning}"
    for split in summary.splits:
        yield from _split_lines(split)
    if not summary.has_written:
        yield "Everything was there already: nothing was written."
    yield _seconds_line(summary)
    yield f"The run is in {summary.root}; look at {summary.root}/{REPORT_NAME}"
    if summary.label_warning:
        yield f"warning: {summary.label_warning}"
    yield f"Next: python jobs/train.py --runs {summary.root} --output STUDENT --student.name NAME"


def _classes(summary: GenerateSummary) -> str:
    """Only where groups are drawn from classes do these matter."""
    if summary.num_classes is None:
        return ""
    return f"{counted(summary.num_classes, 'class', 'classes')}, "


def _seconds_line(summary: GenerateSummary) -> str:
    seconds = summary.seconds
    line = "took " + ", ".join(f"{stage} {taken:,.0f} s" for stage, taken in seconds.items())
    if summary.num_new_images:
        line += f"; embedded {summary.num_new_images / seconds['embed']:,.1f} images/s"
    return line


def _split_lines(split: SplitSummary) -> Iterator[str]:
    num_added = split.num_new_shards - split.num_remade
    yield (
        f"{split.split}: {counted(split.num_groups, 'group')}, "
        f"{counted(split.num_triplets, 'triplet')}, "
        f"{counted(split.num_draws, 'image draw')} over "
        f"{images_drawn_from(split.num_images, split.num_drawable)} "
        f"(about {split.expected_coverage:.0%} covered), "
        f"{counted(split.num_shards, 'shard')} ({num_added:,} new), "
        f"{split.num_bytes / _MEGABYTE:,.1f} MB, teacher temperature {split.teacher_temperature:g}"
    )
    if remade := split.num_remade:
        yield f"  {remade_line(remade)}"
    if split.num_asked_shards < split.num_shards:
        asked = counted(split.num_asked_shards, "shard")
        yield f"  {asked} asked for; more are there and stay."
    if split.split == "train" and split.num_drawable < split.num_images:
        yield f"  warning: {never_drawn(split.num_images, split.num_drawable, split.blocks)}"
    if split.split == "train" and split.num_draws < split.num_images:
        yield "  warning: fewer draws than images; ask for more with --num-groups"
    if split.worst_eligible_share < _LEAST_ELIGIBLE_SHARE:
        yield f"  warning: {_few_eligible(split)}"


def remade_line(num_remade: int) -> str:
    """What a call says of shards that a manifest named and that it had to make again."""
    was = "was" if num_remade == 1 else "were"
    return f"{counted(num_remade, 'shard')} {was} missing or broken and {was} made again."


def images_drawn_from(num_images: int, num_drawable: int) -> str:
    """108 images, or 93 of 108 images where the others can never be drawn."""
    of_all = f"{num_drawable:,} of " if num_drawable < num_images else ""
    return f"{of_all}{counted(num_images, 'image')}"


def never_drawn(num_images: int, num_drawable: int, blocks: tuple[int, ...]) -> str:
    """Why a class strategy passes images over, and what helps."""
    least = min(blocks)
    reason = "have no label"
    if least > 1:
        reason += f" or are in a class with fewer than {least} images"
    return (
        f"{num_images - num_drawable:,} of these {counted(num_images, 'image')} {reason} and are "
        "never drawn; label them (--source.labels FILE, or a sub-folder a class) in another "
        "--output, or take a cluster strategy"
    )


def _few_eligible(split: SplitSummary) -> str:
    """A share of the pool is out of reach of the largest block; the remedy is that split's own."""
    size = max(split.blocks)
    is_of_classes = split.strategy in CLASS_STRATEGIES
    if split.split != "train":
        remedy = "set more images aside by --shards.num-validation-images"
    elif is_of_classes:
        remedy = "take a smaller K in --shards.group"
    else:
        remedy = "take a smaller K in --shards.group, or fewer --clusters.num-clusters"
    images, unit = ("labelled images", "classes") if is_of_classes else ("images", "clusters")
    return (
        f"in some {split.split} shards only {split.worst_eligible_share:.0%} of the {images} are "
        f"in {unit} with {size} images or more, as a block of {size} takes; {remedy}, in another "
        "--output"
    )
