"""The part of an evaluation that follows distances along a hierarchy of classes.

Images of one kind should be near, images of one superordinate category (animals, furniture)
nearer each other than others. Changes from before to after alignment are told by what two images
share, as a mixed-effects regression too, for superordinate categories, and by layer.
"""

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.hierarchy.changes import explained, label_changes, regressions
from alignet_ray.evaluation.hierarchy.distances import (
    DISTANCE,
    LEVELS,
    SEPARATION,
    distance_rows,
    measured_distances,
    separation_rows,
)
from alignet_ray.evaluation.hierarchy.layers import layer_rows
from alignet_ray.evaluation.hierarchy.shown import heat_maps, planes, shown_images
from alignet_ray.evaluation.hierarchy.sorted_images import (
    LEAST_IMAGES,
    SortedImages,
    category_counts,
    read_sorted_images,
)
from alignet_ray.evaluation.image_sets import HIERARCHY_FLAGS, refuse_missing_labelled
from alignet_ray.evaluation.parts import lacking_flags
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.category_pairs import NumberedCategories
from alignet_ray.records.digests import Json
from alignet_ray.records.given_files import refuse_missing_file, refuse_missing_folder
from alignet_ray.records.wording import quoted

PART = "hierarchy"
HEADLINES = (SEPARATION, DISTANCE)
_TABLE_SUFFIXES = (".csv", ".tsv")


def lacking(config: EvaluateConfig) -> str | None:
    """What has to be given for this part and is not; None where it can be measured."""
    own = config.hierarchy
    return lacking_flags(
        {"--hierarchy.images": own.images, "--hierarchy.categories": own.categories}
    )


def refuse_missing(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    own = config.hierarchy
    refuse_missing_labelled(own.images, HIERARCHY_FLAGS)
    if own.categories is not None:
        is_table = own.categories.lower().endswith(_TABLE_SUFFIXES)
        refuse = refuse_missing_file if is_table else refuse_missing_folder
        refuse(own.categories, "a .csv, or a folder of BREEDS", "Check --hierarchy.categories.")
    if own.source.labels is not None:
        flag = "--hierarchy.source.labels"
        refuse_missing_file(own.source.labels, "a file of labels", f"Check {flag}.")


def read(config: EvaluateConfig) -> SortedImages:
    """The images with their categories. Raises InputError where they cannot be used."""
    return read_sorted_images(config.hierarchy)


def measure(bench: Workbench, read_in: SortedImages) -> Json:
    """Figures, differences, regressions and explained variance, and what they were measured on."""
    config = bench.config
    _leave_out(bench, read_in.counts)
    represented = bench.represent(read_in.images)
    if len(represented.keys) < LEAST_IMAGES:
        raise InputError(
            f"{len(represented.keys)} images that all models have", f"{LEAST_IMAGES} or more",
            ", ".join(config.hierarchy.images),
        )  # fmt: skip
    numbered = read_in.numbered(represented.keys)
    models, categories = represented.models, numbered.categories
    found = measured_distances(models, categories, is_shown=config.resources.progress)
    separations = separation_rows(models, found, len(categories))
    distances = distance_rows(models, found, categories, DISTANCE)
    shown = shown_images(len(categories), config.seed)
    changes = label_changes(models, found, categories, shown, config)
    layers = layer_rows(bench, read_in, represented.keys)
    names = read_in.superordinate_names(numbered)
    bench.shown[PART] = {
        "heat_maps": heat_maps(models, found, categories, names),
        "planes": planes(models, changes, categories, names, shown),
    }
    return {
        "data": _data(read_in, represented, numbered, config),
        FIGURES: [*separations[0], *distances[0], *layers[0]],
        DIFFERENCES: [*separations[1], *distances[1], *layers[1]],
        CEILINGS: [],
        "regressions": regressions(changes),
        "explained": explained(changes, models),
    }


def _leave_out(bench: Workbench, counts: Json) -> None:
    """Say which images have no place in the hierarchy."""
    if counts["num_outside_hierarchy"]:
        named = quoted(counts["classes_outside_hierarchy"])
        bench.leave_out(
            "hierarchy, images",
            f"{counts['num_outside_hierarchy']:,} of {counts['num_classes_outside_hierarchy']:,} "
            f"classes that are not in the categories: {named}",
        )
    if counts["num_without_label"]:
        bench.leave_out("hierarchy, images", f"{counts['num_without_label']:,} without a label")


def _data(
    read_in: SortedImages,
    represented: Representations,
    numbered: NumberedCategories,
    config: EvaluateConfig,
) -> Json:
    return {
        **read_in.counts,
        **category_counts(numbered),
        "rejected_images": dict(represented.rejects),
        "relations": list(LEVELS),
        "distance": "Euclidean, z-scored over all pairs of a model",
        "interval": "95% by the jackknife over images; of the regression's, standard errors",
        "pairs_per_relation": config.hierarchy.pairs_per_relation,
        "layers": list(config.hierarchy.layers),
    }
