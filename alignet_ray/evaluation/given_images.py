"""Image sets that several parts look at: the named objects of the odd-one-out task."""

from typing import NamedTuple

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.image_sets import ImageSet, objects_set
from alignet_ray.evaluation.parts import given, lacking_flags
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.human import read_names
from alignet_ray.records.object_images import find_object_images


class Objects(NamedTuple):
    """The images of named objects, and the objects without one."""

    names: tuple[str, ...]
    images: ImageSet
    missing: tuple[str, ...]


def lacking_objects(config: EvaluateConfig) -> str | None:
    """What has to be given for the images of objects and is not; None where all is."""
    return lacking_flags({"--images": config.images, "--names": config.names})


def refuse_missing_objects(config: EvaluateConfig) -> None:
    """Raise InputError where the folder or the names are named and not there."""
    refuse_missing_files((("--names", config.names, "object ids, one a line"),))
    if config.images is not None:
        refuse_missing_folder(config.images, "a folder of object images", "Check --images.")


def read_objects(config: EvaluateConfig) -> Objects:
    """The images of the objects, in the order of the names."""
    names = read_names(given(config.names))
    found = find_object_images(given(config.images), names)
    return Objects(names, objects_set(config.data_name, found), found.missing)
