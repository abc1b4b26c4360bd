"""The words at the end of a training run: what was seen, what changed, what to run next."""

from collections.abc import Iterator

from alignet_ray.training.launch import TrainSummary


def describe(summary: TrainSummary) -> str:
    """The summary as lines of text."""
    return "\n".join(_lines(summary))


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
        f"last step  KL {last['loss']:.4f}, agrees with the teacher on {last['accuracy']:.1%} "
        "of triplets"
    )
    yield _validation_line(figures["validation"])
    if summary.is_new:
        images = summary.plan.num_steps * summary.plan.images_per_step
        yield f"took       {summary.seconds:,.0f} s for {images:,} images, start included"
    yield f"student    {summary.output}/student.safetensors"
    yield (
        f"next       python jobs/evaluate.py --models {summary.output} "
        "--images DIR --names FILE --responses FILE --output DIR"
    )


def _validation_line(validation: dict | None) -> str:
    if validation is None:
        return "validation none: the runs have no validation split, or --validation.images is 0"
    before, after = validation["before"], validation["after"]
    return (
        f"validation KL {before['kl']:.4f} -> {after['kl']:.4f}, agrees "
        f"{before['accuracy']:.1%} -> {after['accuracy']:.1%} ({after['triplets']:,} triplets)"
    )
