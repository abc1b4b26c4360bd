"""The bytes of a listed image: a whole file, or a byte range of a file such as a tar."""

from typing import Any

from alignet_ray.errors import MismatchError
from alignet_ray.records.store import Folder


def read_listed_image(row: dict[str, Any]) -> bytes:
    """The image of a listing's row (`url`, `offset`, `length`), of exactly its length.

    Raises MismatchError where a whole file has another size than when it was listed.
    """
    parent, _, name = row["url"].rpartition("/")
    folder = Folder(parent or "/")
    if row["offset"] is not None:
        return folder.read_range(name, row["offset"], row["offset"] + row["length"])
    data = folder.read(name)
    if len(data) != row["length"]:
        raise MismatchError(
            f"{len(data)} bytes", f"{row['length']} bytes as when it was listed", row["url"],
            "Restore the file, or start a new run on the changed images.",
        )  # fmt: skip
    return data
