"""Where converted triplets find their images: a folder, of which the named ones become the run's
own table, or the finished table of another run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.sources import list_folder
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import ListingIndex, read_index, read_rows
from alignet_ray.records.parts import PartLayout, missing_parts
from alignet_ray.records.run import Settings, image_root, read_settings
from alignet_ray.records.store import Folder


@dataclass(frozen=True, kw_only=True)
class Borrowed:
    """The image table of another run: where, its settings and its images in their order."""

    root: Folder
    settings: Settings
    index: ListingIndex
    listing: pa.Table

    @property
    def layout(self) -> PartLayout:
        """How the table is cut."""
        return part_layout(self.settings, self.index)


def part_layout(settings: Settings, index: ListingIndex) -> PartLayout:
    """How an image table with these settings is cut into parts."""
    return PartLayout(
        num_rows=index.num_images,
        part_rows=settings["part_rows"],
        row_group_rows=settings["row_group_rows"],
    )


def list_images(config: ConvertConfig, seed: int) -> pa.Table:
    """Every image of the folder that the flags name."""
    assert config.images is not None
    return list_folder(config.images, seed)


def borrow(url: str) -> Borrowed:
    """The finished image table that a run has or borrows itself. Raises InputError otherwise."""
    asked = Folder.at(url)
    root = image_root(asked)
    settings, index = read_settings(root), read_index(root)
    if settings is None or index is None:
        raise InputError("no run with images", "a root written by generate", asked.url,
                         "Check --images-from.")  # fmt: skip
    layout = part_layout(settings.images, index)
    missing = missing_parts(root.folder(IMAGES_FOLDER), layout.num_parts)
    if missing:
        raise InputError(
            f"{len(missing)} of {layout.num_parts} parts of the image table are missing",
            "a finished image table", root.url, "Run the job that makes it again.",
        )  # fmt: skip
    listing = read_rows(root, index, 0, index.num_images)
    return Borrowed(root=root, settings=settings.images, index=index, listing=listing)


def named_listing(
    listing: pa.Table, are_named: Sequence[Bool[np.ndarray, "images"]], seed: int
) -> pa.Table:
    """The images that any of the files names, in an order of their own keys and the seed.

    So images that no triplet shows change nothing, and the order is that of a folder which holds
    the named ones alone.
    """
    is_named = reduce(np.logical_or, are_named)
    kept = listing.filter(pa.array(is_named)).sort_by("key")
    order = RandomStream(seed, "listing").permutation(kept.num_rows)
    return kept.take(pa.array(order)).combine_chunks()


def own_settings(config: ConvertConfig, index: ListingIndex) -> Settings:
    """The `images` settings of a table without embeddings."""
    return {
        "listing": index.sha256,
        "seed": config.seed,
        "backbone": None,
        "precision": None,
        "batch_size": None,
        **vars(config.table),
        "stored": dict(vars(config.stored)),
    }
