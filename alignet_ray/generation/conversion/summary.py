"""What convert says when it is done: counts, what was dropped, and what to run next."""

from collections import Counter
from collections.abc import Iterator

from alignet_ray.generation.conversion.export import ExportSummary
from alignet_ray.generation.conversion.job import ConvertSummary
from alignet_ray.generation.conversion.shards import ConvertedSplit

_MEGABYTE = 1e6


def summary_lines(summary: ConvertSummary) -> Iterator[str]:
    """The lines, most important first."""
    source = f", taken from {summary.images_from}" if summary.images_from else ""
    yield f"{summary.num_images:,} images ({len(summary.rejects):,} rejected){source}"
    for reason, count in Counter(summary.rejects.values()).most_common():
        yield f"  rejected: {count:,} x {reason}"
    for split in summary.splits:
        yield from _split_lines(split)
    if summary.num_new_parts == 0 and not any(s.num_new_shards for s in summary.splits):
        yield "Everything was there already: nothing was written."
    yield f"The run is in {summary.root}"
    yield f"Next: python jobs/train.py --runs {summary.root} --output STUDENT --student.name NAME"


def _split_lines(split: ConvertedSplit) -> Iterator[str]:
    index = split.index
    yield (
        f"{split.split}: {index.num_triplets:,} triplets of {index.num_images:,} images, "
        f"{split.num_shards:,} shards ({split.num_new_shards:,} new), "
        f"{split.num_bytes / _MEGABYTE:,.1f} MB"
    )
    if index.num_missing:
        yield f"  dropped: {index.num_missing:,} triplets that name an image that is not there"
    if index.num_rejected:
        yield f"  dropped: {index.num_rejected:,} triplets that show a rejected image"


def export_lines(summary: ExportSummary) -> Iterator[str]:
    """The lines, most important first."""
    said = "written" if summary.is_new else "there already: nothing was written"
    yield f"{summary.num_triplets:,} triplets, {summary.num_bytes / _MEGABYTE:,.1f} MB, {said}"
    if summary.repeated is None:
        yield "filenames: base names, which are unique in the run"
    else:
        yield f"filenames: keys, because several images are called {summary.repeated}"
    yield f"The file is {summary.place}"
