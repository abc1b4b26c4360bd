"""What a person reads of a fit: before and after, what was left out, what to run next."""

import sys

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import TeacherBundle
from alignet_ray.teaching.fitting import SIMILARITIES, FitRequest

_NUM_SHOWN = 3


def announce_fit(request: FitRequest, config: FitTeacherConfig) -> None:
    """One line before the fit, which may take a minute or two."""
    if config.resources.progress:
        counts = request.data.counts
        sys.stderr.write(
            f"fit: {counts['train_triplets']:,} triplets of {counts['train_objects']:,} objects, "
            f"{request.vectors.shape[1]:,} dimensions, at most {config.fit.max_epochs} epochs\n"
        )


def print_nothing_to_do(folder: Folder, bundle: TeacherBundle) -> None:
    """The same settings again."""
    print(f"nothing to do: {folder.url} holds the teacher of these settings ({_name(bundle)})")


def print_fitted(folder: Folder, bundle: TeacherBundle) -> None:
    """Figures before and after, counts, and the next command."""
    metrics = bundle.metrics
    print(f"teacher {_name(bundle)}")
    print("  " + _objects_line(metrics["counts"]))
    print("  " + _triplets_line(metrics["counts"]))
    best, epochs = metrics["fit"]["best_epoch"], metrics["fit"]["num_epochs"]
    print(f"  fit: epoch {best} of {epochs} is the best on held-out objects")
    for side, label in (("train", "training triplets"), ("held_out", "held-out objects")):
        print(f"  {label}: {_side_line(metrics[side])}")
    if "human" in metrics:
        _print_human(metrics)
    print(f"written to {folder.url}. Next: jobs/generate.py --teacher {folder.url} --images ...")


def _name(bundle: TeacherBundle) -> str:
    return f"{bundle.backbone.name}, {bundle.digest[:12]}"


def _objects_line(counts: Json) -> str:
    line = f"{counts['embedded_objects']:,} of {counts['objects']:,} objects embedded"
    missing, rejected = counts["missing_images"], counts["rejected_images"]
    if missing:
        line += f"; {len(missing):,} without an image ({_some(missing)})"
    if rejected:
        reasons = [f"{object_id}: {reason}" for object_id, reason in rejected.items()]
        line += f"; {len(rejected):,} rejected ({_some(reasons)})"
    return line


def _some(items: list[str]) -> str:
    return ", ".join(items[:_NUM_SHOWN]) + (", ..." if len(items) > _NUM_SHOWN else "")


def _triplets_line(counts: Json) -> str:
    line = (
        f"{counts['train_triplets']:,} triplets of {counts['train_objects']:,} objects to fit, "
        f"{counts['held_out_triplets']:,} of {counts['held_out_objects']:,} held out"
    )
    if "dropped_across_sides" in counts:
        line += (
            f"; left out {counts['dropped_without_image']:,} for want of an image and "
            f"{counts['dropped_across_sides']:,} with objects on both sides"
        )
    return line


def _side_line(side: Json) -> str:
    before, after = side["before"], side["after"]
    accuracies = ", ".join(
        f"{name} {before['expected_accuracy'][name]:.4f} -> {after['expected_accuracy'][name]:.4f}"
        for name in SIMILARITIES
    )
    loss = f"{before['cross_entropy']:.4f} -> {after['cross_entropy']:.4f}"
    return f"expected accuracy {accuracies}; cross-entropy {loss}"


def _print_human(metrics: Json) -> None:
    human, dropped = metrics["human"], metrics["counts"]["dropped_responses"]
    print(
        f"  human accuracy on {human['num_responses']:,} responses to {human['num_triplets']:,} "
        f"triplets ({dropped:,} responses left out; a person against the others' majority: "
        f"{human['leave_one_out_majority']:.4f})"
    )
    for name in SIMILARITIES:
        before, after, difference = (human[name][key] for key in ("before", "after", "difference"))
        print(
            f"    {name}: {_interval(before)} -> {_interval(after)}, "
            f"difference {_interval(difference, '+')}"
        )


def _interval(interval: Json, sign: str = "") -> str:
    numbers = (format(interval[key], f"{sign}.4f") for key in ("estimate", "low", "high"))
    estimate, low, high = numbers
    return f"{estimate} [{low}, {high}]"
