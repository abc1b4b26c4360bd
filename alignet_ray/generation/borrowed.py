"""A run on another run's images: its finished table is read where it lies, never made again."""

from dataclasses import dataclass

import pyarrow as pa

from alignet_ray.errors import InputError
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

    @property
    def layout(self) -> PartLayout:
        """How the table is cut."""
        return part_layout(self.settings, self.index)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of the listing, of all its images."""
        return read_rows(self.root, self.index, 0, self.index.num_images, (name,)).column(name)


def part_layout(settings: Settings, index: ListingIndex) -> PartLayout:
    """How the settings of an images stage cut its listing."""
    return PartLayout(
        num_rows=index.num_images,
        part_rows=settings["part_rows"],
        row_group_rows=settings["row_group_rows"],
    )


def borrow(url: str) -> Borrowed:
    """The finished image table that a run has or borrows itself. Raises InputError otherwise."""
    asked = Folder.at(url)
    root = image_root(asked)
    settings, index = read_settings(root), read_index(root)
    if settings is None or index is None:
        raise InputError("no run with images", "a root written by generate", asked.url,
                         "Check --images-from.")  # fmt: skip
    found = Borrowed(root=root, settings=settings.images, index=index)
    missing = missing_parts(root.folder(IMAGES_FOLDER), found.layout.num_parts)
    if missing:
        raise InputError(
            f"{len(missing)} of {found.layout.num_parts} parts of the image table are missing",
            "a finished image table", root.url, "Run the job that makes it again.",
        )  # fmt: skip
    return found
