"""The same distances in inner layers: alignment reaches them, though it was not asked to.

One layer of one student at a time, so that memory does not grow with their number.
"""

from collections.abc import Sequence
from dataclasses import replace

from alignet_ray.evaluation.hierarchy.distances import (
    LAYER_DISTANCE,
    distance_rows,
    measured_distances,
)
from alignet_ray.evaluation.hierarchy.sorted_images import LEAST_IMAGES, SortedImages
from alignet_ray.evaluation.references import COMPARED, EvaluatedModel
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.rows import Row
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.models.inner_blocks import NoSuchBlock


def layer_rows(
    bench: Workbench, sorted_images: SortedImages, keys: Sequence[str]
) -> tuple[list[Row], list[Row]]:
    """Figures and differences of every layer, of labels that have a before and an after.

    What has no such layer, or no layers at all, is left out with the reason.
    """
    figures: list[Row] = []
    differences: list[Row] = []
    for layer in bench.config.hierarchy.layers:
        for label, variants in _layered(bench).items():
            found = _represented(bench, sorted_images, label, variants, layer)
            if found is None:
                continue
            own = found.subset([row for row in found.rows_of(keys) if row >= 0])
            if len(own.keys) < LEAST_IMAGES:
                bench.leave_out(f"{label}, {layer}", f"{len(own.keys)} images have a vector there")
                continue
            categories = sorted_images.numbered(own.keys).categories
            distances = measured_distances(
                own.models, categories, is_shown=bench.config.resources.progress
            )
            rows = distance_rows(own.models, distances, categories, LAYER_DISTANCE, layer=layer)
            figures += rows[0]
            differences += rows[1]
    return figures, differences


def _layered(bench: Workbench) -> dict[str, tuple[EvaluatedModel, ...]]:
    """Labels with a before and an after whose inner layers can be run."""
    by_label: dict[str, tuple[EvaluatedModel, ...]] = {}
    for model in bench.models:
        by_label[model.label] = (*by_label.get(model.label, ()), model)
    layered: dict[str, tuple[EvaluatedModel, ...]] = {}
    for label, variants in by_label.items():
        if tuple(model.variant for model in variants) not in COMPARED:
            bench.leave_out(f"{label} by layer", "no before and after")
        elif any(model.transform is not None for model in variants):
            bench.leave_out(f"{label} by layer", "a transform changes the last layer alone")
        else:
            layered[label] = variants
    return layered


def _represented(
    bench: Workbench,
    sorted_images: SortedImages,
    label: str,
    variants: tuple[EvaluatedModel, ...],
    layer: str,
) -> Representations | None:
    try:
        found = replace(bench, models=variants).represent(
            sorted_images.images, representation=layer
        )
    except NoSuchBlock as error:
        bench.leave_out(f"{label}, {layer}", error.value)
        return None
    return found if len(found.models) == len(variants) else None  # it was said what is missing
