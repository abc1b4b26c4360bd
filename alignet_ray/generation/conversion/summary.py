"""What convert says when it is done: counts, what was dropped, and what to run next."""

from collections import Counter
from collections.abc import Iterator

from alignet_ray.generation.conversion.export import ExportSummary
from alignet_ray.generation.conversion.job import ConvertSummary
from alignet_ray.generation.conversion.shards import ConvertedSplit
from alignet_ray.generation.summary import remade_line
from alignet_ray.plurals import counted

_MEGABYTE = 1e6


def summary_lines(summary: ConvertSummary) -> Iterator[str]:
    """The lines, most important first."""
    source = f", taken from {summary.images_from}" if summary.images_from else ""
    yield (f"{counted(summary.num_images, 'image')} ({len(summary.rejects):,} rejected){source}")
    for reason, count in Counter(summary.rejects.values()).most_common():
        yield f"  rejected: {count:,} x {reason}"
    for split in summary.splits:
        yield from _split_lines(split)
    if summary.num_new_parts == 0 and not any(split.has_written for split in summary.splits):
        yield "Everything was there already: nothing was written."
    yield f"The run is in {summary.root}"
    yield f"Next: python jobs/report.py --run {summary.root} shows it on one page;"
    yield f"then: python jobs/train.py --runs {summary.root} --output STUDENT --student.name NAME"


def _split_lines(split: ConvertedSplit) -> Iterator[str]:
    index = split.index
    yield (
        f"{split.split}: {counted(index.num_triplets, 'triplet')} of "
        f"{counted(index.num_images, 'image')}, {counted(split.num_shards, 'shard')} "
        f"({split.num_new_shards - split.num_remade:,} new), "
        f"{split.num_bytes / _MEGABYTE:,.1f} MB"
    )
    if split.num_remade:
        yield f"  {remade_line(split.num_remade)}"
    if index.num_missing:
        named = counted(index.num_missing, "triplet")
        yield f"  dropped: {named} that name an image that is not there"
    if index.num_rejected:
        yield f"  dropped: {counted(index.num_rejected, 'triplet')} that show a rejected image"


def export_lines(summary: ExportSummary) -> Iterator[str]:
    """The lines, most important first."""
    said = "written" if summary.is_new else "there already: nothing was written"
    yield f"{summary.num_triplets:,} triplets, {summary.num_bytes / _MEGABYTE:,.1f} MB, {said}"
    if summary.repeated is None:
        yield "filenames: base names, which are unique in the run"
    else:
        yield f"filenames: keys, because several images are called {summary.repeated}"
    yield f"The file is {summary.place}"
