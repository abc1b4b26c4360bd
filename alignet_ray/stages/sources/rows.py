"""What every kind of source shares: rows of the listing before they are put in order."""

import itertools
import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from alignet_ray.errors import InputError
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.listing import LISTING_SCHEMA

# What no decoder here takes is listed all the same: it becomes a counted reject, not a silence.
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp"}
    | {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".ppm", ".tif", ".tiff"}
)
EXPECTED_IMAGES = "JPEG, PNG or WebP files with their suffixes"
_SHOWN = 3


def is_image_name(key: str) -> bool:
    """Whether a relative name is that of an image, and neither hidden nor in a hidden folder."""
    is_hidden = any(name.startswith(".") for name in key.split("/"))
    return not is_hidden and os.path.splitext(key)[1].lower() in IMAGE_SUFFIXES


def listing_rows(
    place: str,
    keys: Sequence[str],
    urls: Sequence[str],
    lengths: Sequence[int],
    labels: Sequence[str | None],
    offsets: Sequence[int | None] | None = None,
) -> pa.Table:
    """Rows in no order yet; without offsets they are whole files.

    Raises InputError for names that are no UTF-8 text.
    """
    try:
        return pa.table(
            {
                "key": keys,
                "url": urls,
                "offset": [None] * len(keys) if offsets is None else offsets,
                "length": lengths,
                "label": labels,
            },
            schema=LISTING_SCHEMA,
        )
    except UnicodeEncodeError as error:
        raise InputError(
            f"a file name that is no UTF-8 ({error.object!a})", "UTF-8 names", place,
            "Rename the file.",
        ) from error  # fmt: skip


def in_seeded_order(rows: pa.Table, seed: int) -> pa.Table:
    """Rows sorted by key and then permuted: whatever order they were found in."""
    by_key = rows.sort_by("key")
    return by_key.take(RandomStream(seed, "listing").permutation(by_key.num_rows))


def refuse_duplicates(rows: pa.Table, place: str) -> None:
    """Raise InputError where two rows have one key."""
    counts = rows.column("key").value_counts()
    doubled = np.flatnonzero(counts.field("counts").to_numpy() > 1)
    if len(doubled):
        some = ", ".join(counts.field("values").take(doubled[:_SHOWN]).to_pylist())
        raise InputError(
            f"{len(doubled)} keys twice ({some})", "each image once", place,
            "Remove the duplicates, or give each a key of its own.",
        )  # fmt: skip


def common_parent(urls: Sequence[str]) -> str:
    """The deepest folder that holds all of them, without a slash at the end."""
    lowest, highest = (url.split("/")[:-1] for url in (min(urls), max(urls)))
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(lowest, highest, strict=False))
    return "/".join(left for left, _ in pairs)


def below(parent: str, url: str) -> str:
    """A URL relative to a folder that holds it."""
    return url[len(parent) :].lstrip("/")
