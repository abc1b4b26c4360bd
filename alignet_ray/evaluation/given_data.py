"""What people said, read before Ray starts where that needs no Ray: a wrong file costs seconds.

Sources of labelled images wait for Ray, which reads tars in tasks, and so do similarity matrices
that are too large to be looked at in this process.
"""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import reworded
from alignet_ray.evaluation.comparison_images import source_of
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.parts import given
from alignet_ray.evaluation.similarity_domains import is_large
from alignet_ray.records.class_hierarchy import read_class_categories, read_class_hierarchy

_ALONE = ("odd_one_out", "levels")
_SOURCES_ALONE = ("objects", "levels")
_LAYOUTS = {"--choices-layout or --responses-layout": "--responses-layout"}


def read_parts(config: EvaluateConfig, parts: Mapping[str, ModuleType]) -> dict[str, Any]:
    """What each part reads, in their order. Raises InputError naming what cannot be used."""
    read: dict[str, Any] = {}
    with reworded(_LAYOUTS):
        for name, part in parts.items():
            read[name] = part.read(config)
    return read


def is_read_alone(name: str, config: EvaluateConfig) -> bool:
    """Whether a part reads what it was given without Ray."""
    source = source_of(config) if name == "comparison" else name
    if source == "similarity":
        return not any(is_large(domain) for domain in config.similarity.domains())
    return source in (_SOURCES_ALONE if name == "comparison" else _ALONE)


def refuse_broken_tables(config: EvaluateConfig, names: Mapping[str, object]) -> None:
    """Raise InputError for small tables of parts whose images wait for Ray."""
    if "hierarchy" in names:
        read_class_categories(given(config.hierarchy.categories))
    if "downstream" in names and config.downstream.breeds is not None:
        read_class_hierarchy(config.downstream.breeds)


def sets_of(name: str, read: Any) -> Iterator[ImageSet]:
    """The image sets of what a part read."""
    match name:
        case "levels":
            yield from (half.images for half in read if half is not None)
        case "similarity":
            yield from (domain.images for domain in read.domains)
            if read.objects is not None:
                yield read.objects.images
        case "downstream":
            for own in read.sets:
                yield from (own.images, *(test.images for test in own.tests))
        case _:
            yield read.images
