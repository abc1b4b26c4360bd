"""The images of named objects in a folder at any URL, matched by id."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from alignet_ray.errors import InputError
from alignet_ray.records.store import Folder

_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_EXAMPLE_NUMBER = re.compile(r"_\d+[a-z]$")
_NUM_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class ObjectImages:
    """The image of each object, id -> URL in the order of the names, and who has none."""

    urls: dict[str, str]
    sizes: dict[str, int]
    missing: tuple[str, ...]


def find_object_images(url: str, names: Sequence[str]) -> ObjectImages:
    """Images in a folder, named `<id>.<ext>` or `<id>_<nn><letter>.<ext>` as in THINGS.

    Raises InputError where an object has two images or none has one.
    """
    folder = Folder.at(url)
    known = set(names)
    files: dict[str, list[str]] = defaultdict(list)
    present = folder.sizes()
    for name in sorted(present):
        object_id = _object_of(name, known)
        if object_id is not None:
            files[object_id].append(name)
    if not files:
        raise InputError(
            f"no image of the {len(names)} objects", "files <id>.jpg or <id>_01b.jpg", folder.url,
            "Check the folder and the names file.",
        )  # fmt: skip
    doubled = {key: found for key, found in files.items() if len(found) > 1}
    if doubled:
        first = islice(doubled.items(), _NUM_SHOWN)
        listed = "; ".join(f"{key!r}: {', '.join(found)}" for key, found in first)
        raise InputError(f"several images of one object ({listed})", "one each", folder.url)
    found = {name: files[name][0] for name in names if name in files}
    return ObjectImages(
        urls={name: folder.place(file) for name, file in found.items()},
        sizes={name: present[file] for name, file in found.items()},
        missing=tuple(name for name in names if name not in files),
    )


def _object_of(file_name: str, known: set[str]) -> str | None:
    """The object that a file shows: its whole stem if that is an id, else without the number."""
    path = PurePosixPath(file_name)
    if path.suffix.lower() not in _IMAGE_SUFFIXES:
        return None
    for candidate in (path.stem, _EXAMPLE_NUMBER.sub("", path.stem)):
        if candidate in known:
            return candidate
    return None
