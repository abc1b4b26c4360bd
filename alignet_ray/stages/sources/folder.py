"""A folder tree of image files: keys are relative paths, the first sub-folder is the label."""

import os
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from alignet_ray.errors import InputError
from alignet_ray.records.storage_faults import with_retries
from alignet_ray.records.store import Folder
from alignet_ray.stages.sources.rows import EXPECTED_IMAGES, is_image_name, listing_rows

Files = dict[str, int]


def files_below(folder: Folder) -> Files:
    """Relative name -> bytes of every file below a folder. Raises InputError where it is absent."""
    base = folder.path("").rstrip("/")
    refuse_missing_folder(folder)
    if folder.is_local:
        return with_retries(lambda: dict(_local_files(base)), folder.url)

    def found() -> dict[str, dict[str, Any]]:
        return folder.file_system.find(base, detail=True)

    entries = with_retries(found, folder.url)
    return {
        name.removeprefix(base).lstrip("/"): int(info["size"] or 0)
        for name, info in entries.items()
    }


def refuse_missing_folder(folder: Folder) -> None:
    """Raise InputError where there is no such folder."""
    if not folder.exists(""):
        raise InputError("no such folder", EXPECTED_IMAGES, folder.url, "Check --images.")


def _local_files(base: str) -> Iterator[tuple[str, int]]:
    """Files below a local folder; links to folders are followed, but not back to where they are."""
    above: dict[str, frozenset[str]] = {base: frozenset()}
    for folder, names, files in os.walk(base, followlinks=True, onerror=_raise):
        trail = above.pop(folder) | {os.path.realpath(folder)}
        names[:] = [n for n in names if os.path.realpath(os.path.join(folder, n)) not in trail]
        above.update({os.path.join(folder, name): trail for name in names})
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield os.path.relpath(path, base), os.path.getsize(path)
            elif is_image_name(name):
                raise InputError("a link to nothing", "an image", path, "Mend or remove it.")


def _raise(error: OSError) -> None:
    raise error


def folder_rows(folder: Folder, files: Files) -> pa.Table:
    """A row for each image file. Raises InputError where there is none."""
    keys = [key for key in files if is_image_name(key)]
    if not keys:
        raise InputError(
            f"{len(files)} files, none of them an image" if files else "no files",
            EXPECTED_IMAGES, folder.url, "Check --images.",
        )  # fmt: skip
    return listing_rows(
        folder.url,
        keys,
        [folder.place(key) for key in keys],
        [files[key] for key in keys],
        [key.split("/")[0] if "/" in key else None for key in keys],
    )
