"""Labelled images that have a place in the hierarchy, and what could not be given one."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import HIERARCHY_FLAGS, ImageSet, labelled_set
from alignet_ray.evaluation.parts import given
from alignet_ray.functional.category_pairs import NumberedCategories, numbered_categories
from alignet_ray.records.class_hierarchy import ClassCategories, read_class_categories
from alignet_ray.records.digests import Json, digest
from alignet_ray.records.listing import listing_sha256
from alignet_ray.records.wording import quoted

LEAST_IMAGES = 3
_NUM_NAMED = 10
IMAGES_NAME = "the hierarchy's images"


class SortedImages(NamedTuple):
    """Images whose class the hierarchy knows, the categories, and how many images it does not."""

    images: ImageSet
    categories: ClassCategories
    counts: Json

    def numbered(self, keys: Sequence[str]) -> NumberedCategories:
        """Class, basic and superordinate category of these images, as numbers."""
        label_of = dict(zip(self.images.keys, self.images.labels, strict=True))
        classes = [given(label_of[key]) for key in keys]
        return numbered_categories(classes, self.categories.basic, self.categories.superordinate)

    def superordinate_names(self, numbered: NumberedCategories) -> list[str]:
        """What the superordinate categories are called, in the order of their numbers."""
        names = self.categories.names
        return [names.get(node, node).partition(",")[0] for node in numbered.superordinates]


def read_sorted_images(config: HierarchyConfig) -> SortedImages:
    """The images of the settings that have categories.

    Raises InputError where they are fewer than three.
    """
    categories = read_class_categories(given(config.categories))
    found = labelled_set(IMAGES_NAME, config.images, config.source, HIERARCHY_FLAGS)
    has_some = [label in categories.basic for label in found.labels]
    kept = found.listing.filter(pa.array(has_some))
    if kept.num_rows < LEAST_IMAGES:
        raise _too_few(kept.num_rows, found, categories, config)
    outside = Counter(
        label
        for label, has in zip(found.labels, has_some, strict=True)
        if label is not None and not has
    )
    counts = {
        "listing_sha256": listing_sha256(kept),
        "categories_sha256": digest([dict(categories.basic), dict(categories.superordinate)]),
        "num_given": len(found.keys),
        "num_without_label": sum(label is None for label in found.labels),
        "num_outside_hierarchy": outside.total(),
        "num_classes_outside_hierarchy": len(outside),
        "classes_outside_hierarchy": sorted(outside)[:_NUM_NAMED],
    }
    return SortedImages(ImageSet(name=IMAGES_NAME, listing=kept), categories, counts)


def category_counts(numbered: NumberedCategories) -> Json:
    """How many images, classes and categories there are, and how many classes of one image."""
    num_classes, num_basic, num_superordinate = (
        len(np.unique(column)) for column in numbered.categories.T
    )
    of_one = int((np.bincount(numbered.categories[:, 0]) == 1).sum())
    return {
        "num_images": len(numbered.categories),
        "num_classes": num_classes,
        "num_classes_of_one_image": of_one,
        "num_basic": num_basic,
        "num_superordinate": num_superordinate,
    }


def _too_few(
    num_kept: int, found: ImageSet, categories: ClassCategories, config: HierarchyConfig
) -> InputError:
    labels = sorted({label for label in found.labels if label is not None})
    given_labels = f"labels such as {quoted(labels[:1])}" if labels else "no labels"
    return InputError(
        f"{num_kept} of {len(found.keys)} images have a class of the hierarchy ({given_labels})",
        f"{LEAST_IMAGES} or more, with labels such as {quoted(sorted(categories.basic)[:1])}",
        ", ".join(config.images),
        "Give labels by folders, --hierarchy.source.labels or --hierarchy.source.label-separator.",
    )
