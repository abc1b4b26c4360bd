"""Sets of images that models are measured on: named objects, or labelled images of any source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import reworded
from alignet_ray.records.object_images import ObjectImages
from alignet_ray.stages.embed_objects import object_listing
from alignet_ray.stages.progress import note
from alignet_ray.stages.sources import list_images, refuse_missing_sources


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Images in the order of a listing (`records.listing.LISTING_SCHEMA`), and what they are
    called in results.
    """

    name: str
    listing: pa.Table

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Keys in the order of the listing."""
        return tuple(self.listing.column("key").to_pylist())

    @cached_property
    def labels(self) -> tuple[str | None, ...]:
        """Labels in the order of the listing."""
        return tuple(self.listing.column("label").to_pylist())

    @cached_property
    def urls(self) -> dict[str, str]:
        """Where each image lies: a whole file, or a file that holds it."""
        return dict(zip(self.keys, self.listing.column("url").to_pylist(), strict=True))


def objects_set(name: str, images: ObjectImages) -> ImageSet:
    """The images of named objects, in the order of the names."""
    return ImageSet(name=name, listing=object_listing(images.urls))


HIERARCHY_FLAGS = {"--images": "--hierarchy.images", "--source.": "--hierarchy.source."}


def downstream_flags(*, is_test: bool, has_labels: bool) -> dict[str, str]:
    """How errors of sources speak of a data set; `has_labels`: by a flag of its own."""
    images = "--downstream.test" if is_test else "--downstream.train"
    labels = "--downstream.test-labels" if is_test else "--downstream.labels"
    own = {"--source.labels": labels} if has_labels else {}
    return {"--images": images, **own, "--source.": "--downstream.source."}


def refuse_missing_labelled(urls: Sequence[str], flags: Mapping[str, str]) -> None:
    """Raise InputError where a source of labelled images is not there; `flags` as below."""
    with reworded(flags):
        refuse_missing_sources(urls)


def labelled_set(
    name: str, urls: Sequence[str], source: SourceConfig, flags: Mapping[str, str]
) -> ImageSet:
    """Images of folders, lists, tars or shards, in the order of their keys.

    `flags`: what generate's flags of images are called here. What was passed over is told on
    standard error. Tars need a Ray session. Raises InputError where a source holds no image.
    """
    with reworded(flags):
        found = list_images(urls, source, seed=0)
    for remark in found.notes:
        note(f"{name}: {remark.replace('--source.', flags['--source.'])}")
    return ImageSet(name=name, listing=found.table.sort_by("key"))
