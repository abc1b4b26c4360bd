"""An image table without embeddings: tasks read, decode and store, and no backbone runs.

For runs of triplets that somebody else labelled; the stored copies are those of `embed`.
"""

from dataclasses import dataclass

from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.listed_image import read_ahead
from alignet_ray.records.listing import ListingIndex, read_rows
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout, missing_parts, write_part
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import StoredFormat, part_facts, store_image
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks


@dataclass(frozen=True, kw_only=True)
class StoreRequest:
    """Which listed images to store, how, and where the parts go."""

    root: Folder
    index: ListingIndex
    layout: PartLayout
    stored: StoredFormat
    settings_digest: str


def store_missing_parts(request: StoreRequest, *, shows_progress: bool) -> list[int]:
    """Write every part that is not there yet; returns those that were made.

    Raises StorageError where images cannot be read, MismatchError where a file has changed since
    it was listed. Images that do not decode become rejects in the table.
    """
    parts = missing_parts(request.root.folder(IMAGES_FOLDER), request.layout.num_parts)
    total = sum(len(request.layout.rows(part)) for part in parts)
    with progress("store", total, "images", is_shown=shows_progress) as advance:
        for _, num_images in map_tasks(store_part, parts, request):
            advance(num_images)
    return parts


def store_part(part: int, request: StoreRequest) -> int:
    """Write a part and its sidecar; returns its number of images."""
    rows = request.layout.rows(part)
    listing = read_rows(request.root, request.index, rows.start, rows.stop)
    stored: list[StoredImage] = [
        store_image(data, request.stored)[1] for data in read_ahead(listing.to_pylist())
    ]
    table = image_table(listing, rows.start, stored, None)
    data = parquet_bytes(table, request.layout.row_group_rows)
    folder = request.root.folder(IMAGES_FOLDER)
    write_part(folder, part, data, request.settings_digest, part_facts(listing, stored))
    return len(stored)
