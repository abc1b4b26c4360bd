"""The images that models are compared on, and what people said of triplets of them.

The first of these that is given: the objects of the odd-one-out task, the stimuli of Levels, the
first domain of human similarities, the images of the hierarchy.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.given_images import (
    lacking_objects,
    read_objects,
    refuse_missing_objects,
)
from alignet_ray.evaluation.hierarchy.sorted_images import read_sorted_images
from alignet_ray.evaluation.image_sets import (
    HIERARCHY_FLAGS,
    ImageSet,
    labelled_set,
    refuse_missing_labelled,
)
from alignet_ray.evaluation.levels_people import read_people
from alignet_ray.evaluation.parts import given
from alignet_ray.evaluation.similarity_domains import read_domain
from alignet_ray.functional.agreement import count_choices
from alignet_ray.records.choices import read_choices
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.human import HumanChoices

Triplets = Int[np.ndarray, "triplets 3"]
NOTHING = (
    "no --images with --names, --levels.trials with --levels.images, --similarity.matrices with "
    "--similarity.images, or --hierarchy.images"
)


class Said(NamedTuple):
    """Unique triplets as rows of `names`, and how often people chose each pair."""

    names: tuple[str, ...]
    triplets: Triplets
    counts: Triplets

    def among(self, keys: Sequence[str]) -> tuple[Triplets, Triplets]:
        """Triplets as rows of `keys`, with counts; those that show another image are left out."""
        row_of = {key: row for row, key in enumerate(keys)}
        rows = np.array([row_of.get(name, -1) for name in self.names], dtype=np.int64)
        triplets = rows[self.triplets]
        kept = np.logical_and.reduce(triplets >= 0, axis=1)
        return triplets[kept], self.counts[kept]


class ComparedImages(NamedTuple):
    """Images, and people's choices among them where there are some; `responses` are those whose
    numbers mean something by a names file alone.
    """

    images: ImageSet
    said: Said | None
    responses: HumanChoices | None = None


def source_of(config: EvaluateConfig) -> str | None:
    """Which images are looked at: `objects`, `levels`, `similarity` or `hierarchy`."""
    if lacking_objects(config) is None:
        return "objects"
    if config.levels.trials and config.levels.images:
        return "levels"
    if config.similarity.matrices and config.similarity.images:
        return "similarity"
    return "hierarchy" if config.hierarchy.images else None


def refuse_missing_images(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    source = source_of(config)
    if source == "objects":
        refuse_missing_objects(config)
        refuse_missing_files((("--responses", config.responses, "a file of choices"),))
    elif source == "levels":
        refuse_missing_folder(
            given(config.levels.images), "a folder of stimuli", "Check --levels.images."
        )
    elif source == "similarity":
        domain = config.similarity.domains()[0]
        refuse_missing_files((("--similarity.matrices", domain.matrix, "a matrix"),))
        refuse_missing_folder(domain.images, "a folder of images", "Check --similarity.images.")
    else:
        refuse_missing_labelled(config.hierarchy.images, HIERARCHY_FLAGS)


def read_images(config: EvaluateConfig) -> ComparedImages:
    """The images and what people said. Raises InputError where they cannot be used."""
    return _READERS[source_of(config) or ""](config)


def _objects(config: EvaluateConfig) -> ComparedImages:
    objects = read_objects(config)
    if config.responses is None:
        return ComparedImages(objects.images, None)
    read = read_choices(config.responses, objects.names, config.responses_layout)
    counted = count_choices(read.triplets, read.odd_position)
    return ComparedImages(objects.images, Said(read.names, *counted), read)


def _levels(config: EvaluateConfig) -> ComparedImages:
    people = read_people(config.levels)
    judged = people.judged
    said = Said(people.trials.images, judged.triplets, judged.counts)
    return ComparedImages(people.images, said)


def _domain(config: EvaluateConfig) -> ComparedImages:
    return ComparedImages(read_domain(config.similarity.domains()[0]).images, None)


def _hierarchy(config: EvaluateConfig) -> ComparedImages:
    """Those with categories, where there are some: they are embedded for the hierarchy's part."""
    own = config.hierarchy
    if own.categories is not None:
        return ComparedImages(read_sorted_images(own).images, None)
    images = labelled_set("hierarchy images", own.images, own.source, HIERARCHY_FLAGS)
    return ComparedImages(images, None)


_READERS: dict[str, Callable[[EvaluateConfig], ComparedImages]] = {
    "objects": _objects,
    "levels": _levels,
    "similarity": _domain,
    "hierarchy": _hierarchy,
}
