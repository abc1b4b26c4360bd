"""Small pictures of some images of a set, read and shrunk in tasks."""

from collections.abc import Sequence
from typing import Any

from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.pages.pictures import SMALL, picture
from alignet_ray.records.listed_image import read_listed_image
from alignet_ray.stages.tasks import map_tasks

_IMAGES_PER_TASK = 32


def pictures_of(images: ImageSet, keys: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Thumbnail (a data URI, None where the image does not decode) and label of each key."""
    row_of = {key: row for row, key in enumerate(images.keys)}
    rows = images.listing.take([row_of[key] for key in keys]).to_pylist()
    chunks = range(0, len(rows), _IMAGES_PER_TASK)
    found: dict[str, dict[str, str | None]] = {}
    for _, pictures in map_tasks(_pictures, chunks, rows):
        found.update(pictures)
    return {key: found[key] for key in keys}


def _pictures(start: int, rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, str | None]]:
    return {
        row["key"]: {
            "uri": picture(read_listed_image(row), row["key"], row["label"], SMALL).uri,
            "label": row["label"],
        }
        for row in rows[start : start + _IMAGES_PER_TASK]
    }
