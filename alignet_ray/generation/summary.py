"""What generate says when it is done: counts, warnings, and what to run next."""

from collections import Counter
from collections.abc import Iterator

from alignet_ray.generation.job import GenerateSummary
from alignet_ray.generation.report.job import REPORT_NAME
from alignet_ray.generation.splits import SplitSummary

_LEAST_ELIGIBLE_SHARE = 0.9
_MEGABYTE = 1e6


def summary_lines(summary: GenerateSummary) -> Iterator[str]:
    """The lines, most important first."""
    yield (
        f"{summary.num_images:,} images ({len(summary.rejects):,} rejected), "
        f"{summary.num_clusters} clusters, device {summary.device}"
        + (f", k-means on {summary.fitted_on}" if summary.fitted_on else "")
    )
    for reason, count in Counter(summary.rejects.values()).most_common():
        yield f"  rejected: {count:,} x {reason}"
    for warning in summary.warnings:
        yield f"  warning: {warning}"
    for split in summary.splits:
        yield from _split_lines(split)
    if summary.has_written:
        yield _seconds_line(summary)
    else:
        yield "Everything was there already: nothing was written."
    yield f"The run is in {summary.root}; look at {summary.root}/{REPORT_NAME}"
    yield f"Next: python jobs/train.py --runs {summary.root} --output STUDENT --student.name NAME"


def _seconds_line(summary: GenerateSummary) -> str:
    seconds = summary.seconds
    line = "took " + ", ".join(f"{stage} {taken:,.0f} s" for stage, taken in seconds.items())
    if summary.num_new_images:
        line += f"; embedded {summary.num_new_images / seconds['embed']:,.1f} images/s"
    return line


def _split_lines(split: SplitSummary) -> Iterator[str]:
    yield (
        f"{split.split}: {split.num_groups:,} groups, {split.num_triplets:,} triplets, "
        f"{split.num_draws:,} image draws over {split.num_images:,} images "
        f"(about {split.expected_coverage:.0%} covered), "
        f"{split.num_shards:,} shards ({split.num_new_shards:,} new), "
        f"{split.num_bytes / _MEGABYTE:,.1f} MB, teacher temperature {split.teacher_temperature:g}"
    )
    if split.num_asked_shards < split.num_shards:
        yield f"  {split.num_asked_shards:,} shards were asked for; more are there and stay."
    if split.split == "train" and split.num_draws < split.num_images:
        yield "  warning: fewer draws than images; ask for more with --num-groups"
    if split.worst_eligible_share < _LEAST_ELIGIBLE_SHARE:
        yield (
            f"  warning: in some shards only {split.worst_eligible_share:.0%} of the images are in "
            "clusters large enough to be drawn; take a smaller K or fewer clusters"
        )
