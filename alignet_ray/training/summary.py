"""The words at the end of a training run: what was seen, what changed, what to run next."""

import shlex
from collections.abc import Iterator

from alignet_ray.records.digests import Json
from alignet_ray.training.launch import TrainSummary
from alignet_ray.training.remarks import better_checkpoint, remarks
from alignet_ray.training.report.job import REPORT_NAME


def describe(summary: TrainSummary) -> str:
    """The summary as lines of text."""
    return "\n".join(_lines(summary))


def as_json(summary: TrainSummary) -> Json:
    """The summary for the log of the call."""
    return {
        "output": summary.output,
        "is_new": summary.is_new,
        "seconds": summary.seconds,
        "figures": summary.figures,
    }


def _lines(summary: TrainSummary) -> Iterator[str]:
    layout, figures = summary.plan.layout, summary.figures
    if not summary.is_new:
        yield f"{summary.output} already holds this student: nothing to do."
    yield (
        f"steps      {summary.plan.num_steps:,} of {layout.groups_per_step:,} groups "
        f"({summary.plan.images_per_step:,} images), {summary.plan.epochs:.2f} epochs"
    )
    yield (
        f"groups     {layout.num_groups:,} in {len(layout.group_counts):,} shards; "
        f"each epoch leaves out {layout.remainder:,} that fill no step"
    )
    last = figures["last_step"]
    yield (
        f"last step  loss {last['loss']:.4f}, agrees with the teacher on {last['accuracy']:.1%} "
        "of triplets"
    )
    yield from _validation_lines(figures["validation"])
    yield from _labelled("best", better_checkpoint(figures, summary.output))
    for remark in remarks(figures):
        yield f"note       {remark}"
    if summary.is_new:
        yield f"took       {summary.seconds:,.0f} s in this call, start included"
    yield f"student    {summary.output} (README.md is its model card)"
    yield f"report     {summary.output}/{REPORT_NAME}"
    plugins = summary.plugins
    flags = f" --plugins {shlex.join(plugins)}" if plugins else ""
    argument = f", plugins={list(plugins)!r}" if plugins else ""
    yield (
        f"next       python jobs/evaluate.py --models {summary.output} "
        f"--images DIR --names FILE --responses FILE --output DIR{flags}"
    )
    yield f"load it    alignet_ray.load_student({summary.output!r}{argument})"


def _labelled(label: str, lines: Iterator[str]) -> Iterator[str]:
    """The first line with the label, those after it below."""
    for number, line in enumerate(lines):
        yield f"{label if not number else '':10} {line}"


def _validation_lines(validation: Json | None) -> Iterator[str]:
    """All triplets, and each strategy where there are several."""
    if validation is None:
        yield "validation none: the runs have no validation split, or --validation.images is 0"
        return
    before, after = validation["before"], validation["after"]
    yield f"validation {_change(before, after)}"
    if len(after["by_strategy"]) > 1:
        for strategy, own in after["by_strategy"].items():
            if strategy in before["by_strategy"]:
                yield f"           {strategy}: {_change(before['by_strategy'][strategy], own)}"


def _change(before: Json, after: Json) -> str:
    return (
        f"KL {before['kl']:.4f} -> {after['kl']:.4f}, agrees {before['accuracy']:.1%} -> "
        f"{after['accuracy']:.1%}, expected {before['expected_agreement']:.3f} -> "
        f"{after['expected_agreement']:.3f} of {after['expected_ceiling']:.3f} "
        f"({after['triplets']:,} triplets)"
    )
