"""What verify says: what was looked at, what is wrong, what lies about, what to run next."""

from collections.abc import Iterator

from alignet_ray.generation.verification.orphans import OrphanKind
from alignet_ray.generation.verification.report import VerifyReport
from alignet_ray.plurals import counted

PROBLEMS_SHOWN = 20
ORPHANS_SHOWN = 5

_MEGABYTE = 1e6
_ORPHANS: dict[OrphanKind, str] = {
    "temporary": "left by a killed writer; the job clears them from a local disk",
    "unfinished": "halves of records that are not finished; the job makes them whole",
    "beyond": "finished, but beyond what the run names",
    "foreign": "written by no job of this run",
}


def summary_lines(report: VerifyReport) -> Iterator[str]:
    """The lines, most important first."""
    verdict = "not finished" if report.is_unfinished else "broken"
    yield f"{report.root} is {'sound' if report.is_sound else verdict}"
    if report.writer is not None:
        yield (
            f"  warning: another driver ({report.writer}) works on this run; what it is still "
            "making counts as missing. Verify again when it is done."
        )
    yield from _checked(report)
    shown = report.problems[:PROBLEMS_SHOWN]
    yield from (f"  {problem}" for problem in shown)
    if len(report.problems) > len(shown):
        more = counted(len(report.problems) - len(shown), "more problem")
        yield f"  and {more} (all of them in --json)"
    for note in report.not_checked:
        yield f"  not checked: {note}"
    yield from _orphans(report)
    yield from _next(report)


def _checked(report: VerifyReport) -> Iterator[str]:
    checked = report.checked
    yield (
        f"{counted(checked.num_images, 'image')} ({checked.num_rejects:,} rejected) in "
        f"{counted(checked.num_parts, 'part')}, {checked.num_bytes / _MEGABYTE:,.1f} MB"
    )
    for split in checked.splits:
        images = "" if report.is_quick else f", {counted(split.num_draws, 'image')}"
        yield (
            f"{split.split}: {counted(split.num_shards, 'sound shard')}, "
            f"{counted(split.num_groups, 'group')}{images}, {split.num_bytes / _MEGABYTE:,.1f} MB"
        )


def _orphans(report: VerifyReport) -> Iterator[str]:
    for kind, meaning in _ORPHANS.items():
        names = [orphan.name for orphan in report.orphans if orphan.kind == kind]
        if names:
            more = f" and {len(names) - ORPHANS_SHOWN:,} more" if len(names) > ORPHANS_SHOWN else ""
            some = ", ".join(names[:ORPHANS_SHOWN])
            yield f"  {counted(len(names), f'{kind} file')} ({meaning}): {some}{more}"


def _with(report: VerifyReport) -> str:
    """Asked for fewer groups than there were, the command would leave the run smaller."""
    return f", with --num-groups {report.num_groups}" if report.num_groups else ""


def _next(report: VerifyReport) -> Iterator[str]:
    if report.removed is not None and report.problems:
        was = "was" if len(report.removed) == 1 else "were"
        yield f"{counted(len(report.removed), 'file')} {was} removed or rewritten."
    mended = [p for p in report.problems if p not in report.unrepairable]
    if report.is_sound:
        yield (
            f"Next: python jobs/train.py --runs {report.root} --output STUDENT --student.name NAME"
        )
    elif mended and report.removed is None and report.removable:
        yield f"Next: python jobs/verify.py --run {report.root} --repair"
    elif mended:
        yield (
            f"Next: run the command of {report.made_by} that made this run again{_with(report)}; "
            "it makes what is missing. Then verify again."
        )
    yield from (f"Next: {remedy}" for remedy in report.remedies)
