"""What listed images are: digests of their bytes, read again only where they may have changed.

Embeddings are cached by the bytes that they are of, since a name, a length and a label say nothing
of an image that was replaced. Images are digested part by part. What was found is kept in a record
below the cache beside what the store said of the files then: local disks tell the time of the last
change of content and of the inode (which `touch` and `cp -p` do not set back), buckets a generation
or an ETag. Where a store says the same again the bytes are not read again; where it says nothing
they always are. Places and times are in this record alone, never in a digest: images that were
moved or touched are read once more and found in the cache.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from alignet_ray.errors import StorageError
from alignet_ray.records.digests import Json, canonical_json, digest, parse_json
from alignet_ray.records.listed_image import ContentsDigest, read_ahead
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.store import Folder, with_retries
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

CONTENTS_FOLDER = "contents"

_SAYS_VERSION = ("generation", "etag", "ETag", "e_tag", "md5Hash", "mtime", "LastModified",
                 "last_modified", "updated")  # fmt: skip
"""Any of these says that a file has changed: buckets' words, and a local disk's."""
_SAYS_MORE = ("created", "ctime")
"""A local disk's change of the inode; alone it may be only when the file was made."""
_LISTING_THREADS = 8
_NAME_LETTERS = 16


def contents_of_parts(
    listing: pa.Table, layout: PartLayout, cache: Folder, *, is_shown: bool
) -> tuple[str, ...]:
    """Digest of the images of each part of a listing (`ContentsDigest`); inside `ray_session`.

    Raises StorageError where images cannot be read, MismatchError where one has another length
    than when it was listed.
    """
    folder = cache.folder(CONTENTS_FOLDER)
    name = _record_name(listing)
    # Asked before anything is read: what changes while it is read differs the next time.
    versions = _versions_of_parts(listing, layout)
    known = _recorded(folder, name)
    found = {
        part: known[version]
        for part, version in enumerate(versions)
        if version is not None and version in known
    }
    missing = [part for part in range(layout.num_parts) if part not in found]
    if not missing:
        return tuple(found[part] for part in range(layout.num_parts))
    num_images = sum(len(layout.rows(part)) for part in missing)
    with progress("digest", num_images, "images", is_shown=is_shown) as advance:
        for part, contents in map_tasks(_contents, missing, listing, layout):
            found[part] = contents
            advance(len(layout.rows(part)))
    kept = {version: found[part] for part, version in enumerate(versions) if version is not None}
    if kept:
        folder.write(name, canonical_json(kept))
    return tuple(found[part] for part in range(layout.num_parts))


def _contents(part: int, listing: pa.Table, layout: PartLayout) -> str:
    rows = layout.rows(part)
    contents = ContentsDigest()
    for data in read_ahead(listing.slice(rows.start, len(rows)).to_pylist()):
        contents.add(data)
    return contents.sha256


def _record_name(listing: pa.Table) -> str:
    """One record for the same places, whatever lies there."""
    state = hashlib.sha256()
    for batch in listing.select(["url", "offset", "length"]).to_batches():
        for row in batch.to_pylist():
            state.update(canonical_json([row["url"], row["offset"], row["length"]]))
    return f"{state.hexdigest()[:_NAME_LETTERS]}.json"


def _recorded(folder: Folder, name: str) -> Json:
    """Digests by what the store said of the files; nothing where there is no record."""
    data = folder.read_if_there(name)
    return {} if data is None else parse_json(data, folder.place(name))


def _versions_of_parts(listing: pa.Table, layout: PartLayout) -> list[str | None]:
    """What the store says of each part's places and files; None where it says nothing of one."""
    version_of = _versions(sorted(set(listing.column("url").to_pylist())))
    found: list[str | None] = []
    for part in range(layout.num_parts):
        rows = layout.rows(part)
        places = listing.slice(rows.start, len(rows)).to_pylist()
        said = [
            [row["url"], row["offset"], row["length"], version_of.get(row["url"])] for row in places
        ]
        found.append(None if any(version is None for *_, version in said) else digest(said))
    return found


def _versions(urls: Sequence[str]) -> dict[str, str]:
    """What the store says of each file that it says something of, one listing a folder."""
    by_parent: dict[str, set[str]] = defaultdict(set)
    for url in urls:
        parent, _, name = url.rpartition("/")
        by_parent[parent].add(name)
    found: dict[str, str] = {}
    with ThreadPoolExecutor(_LISTING_THREADS) as pool:
        for parent, versions in zip(by_parent, pool.map(_versions_in, by_parent), strict=True):
            names = by_parent[parent]
            found.update(
                (f"{parent}/{name}", said) for name, said in versions.items() if name in names
            )
    return found


def _versions_in(parent: str) -> dict[str, str]:
    """Of the files directly in a folder."""
    folder = Folder(parent or "/")
    try:
        entries = with_retries(
            lambda: folder.file_system.ls(folder.path(""), detail=True), folder.url
        )
    except StorageError:  # it may allow reading and no listing; a true fault shows in reading
        return {}
    return {
        entry["name"].rpartition("/")[2]: said
        for entry in entries
        if (said := _version(entry)) is not None
    }


def _version(entry: dict[str, Any]) -> str | None:
    if entry.get("islink"):  # its times are the link's own, and not those of what it leads to
        return None
    if all(entry.get(key) is None for key in _SAYS_VERSION):
        return None
    keys = (*_SAYS_VERSION, *_SAYS_MORE, "size")
    return digest([[key, str(entry[key])] for key in keys if entry.get(key) is not None])
