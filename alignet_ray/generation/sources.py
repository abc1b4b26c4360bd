"""Listing a folder of images into the one order of everything.

Keys are paths relative to the folder; the first sub-folder is the label. The order is that of
the keys permuted by the seed, so it does not depend on how a file system lists.
"""

import os

import numpy as np
import pyarrow as pa

from alignet_ray.errors import InputError, MismatchError
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.listing import (
    LISTING_SCHEMA,
    ListingIndex,
    listing_sha256,
    read_rows,
)
from alignet_ray.records.store import Folder, with_retries

# What no decoder here takes is listed all the same: it becomes a counted reject, not a silence.
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp"}
    | {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".ppm", ".tif", ".tiff"}
)


def list_folder(url: str, seed: int) -> pa.Table:
    """Every image file below a folder, permuted. Raises InputError where there is none."""
    folder = Folder.at(url)
    base = folder.path("").rstrip("/")

    def found() -> dict[str, dict[str, object]]:
        return folder.file_system.find(base, detail=True)

    entries = {
        name.removeprefix(base).lstrip("/"): info for name, info in with_retries(found, url).items()
    }
    keys = sorted(key for key in entries if _is_image(key))
    if not keys:
        is_there = bool(entries) or folder.exists("")
        nothing = f"{len(entries)} files, none of them an image" if entries else "no files"
        raise InputError(
            nothing if is_there else "no such folder",
            "JPEG, PNG or WebP files with their suffixes",
            folder.url,
            "Check --images.",
        )
    order = RandomStream(seed, "listing").permutation(len(keys))
    keys = [keys[row] for row in order]
    return pa.table(
        {
            "key": keys,
            "url": [folder.place(key) for key in keys],
            "offset": np.zeros(len(keys), np.int64),
            "length": [int(str(entries[key]["size"])) for key in keys],
            "label": [key.split("/")[0] if "/" in key else None for key in keys],
        },
        schema=LISTING_SCHEMA,
    )


def _is_image(key: str) -> bool:
    is_hidden = any(name.startswith(".") for name in key.split("/"))
    return not is_hidden and os.path.splitext(key)[1].lower() in IMAGE_SUFFIXES


def refuse_changed_source(root: Folder, index: ListingIndex, listing: pa.Table, url: str) -> None:
    """Raise MismatchError, with counts, where the source is no longer what was listed."""
    if listing_sha256(listing) == index.sha256:
        return
    frozen = set(read_rows(root, index, 0, index.num_images).column("key").to_pylist())
    present = set(listing.column("key").to_pylist())
    new, missing = len(present - frozen), len(frozen - present)
    detail = "sizes or labels differ" if new == missing == 0 else f"{new} new, {missing} missing"
    raise MismatchError(
        f"the source has changed since it was listed ({detail})",
        f"the {index.num_images} images of {root.url}",
        url,
        "Restore the source, ask with the seed it was listed with, or give another --output.",
    )
