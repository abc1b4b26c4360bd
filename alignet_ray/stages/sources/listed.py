"""All sources of a run as one listing, and the refusal to go on where a source has changed."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import braceexpand
import pyarrow as pa

from alignet_ray.config.sources import SourceConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError, MismatchError
from alignet_ray.records.given_files import refuse_missing_file
from alignet_ray.records.listing import ListingIndex, read_rows
from alignet_ray.records.storage_faults import with_retries
from alignet_ray.records.store import Folder
from alignet_ray.stages.sources.folder import (
    Files,
    files_below,
    folder_rows,
    refuse_missing_folder,
)
from alignet_ray.stages.sources.labels import with_labels, with_labels_of_names
from alignet_ray.stages.sources.rows import (
    EXPECTED_IMAGES,
    below,
    common_parent,
    in_seeded_order,
    is_image_name,
    refuse_duplicates,
)
from alignet_ray.stages.sources.tables import LIST_SUFFIXES, list_rows
from alignet_ray.stages.sources.tar_labels import ANNOTATIONS_NAME
from alignet_ray.stages.sources.tars import COMPRESSED_SUFFIXES, TAR_SUFFIX, tar_rows

_NAMED = re.compile(r"([A-Za-z0-9_-]+)=(.+)")
_PATTERN = re.compile(r"[*?\[\]{}]")
_FILE_SUFFIXES = (*LIST_SUFFIXES, TAR_SUFFIX, *COMPRESSED_SUFFIXES)
_SHOWN_SUFFIXES = 3


@dataclass(frozen=True, kw_only=True)
class SourceListing:
    """The listing in its order, and what a user should know of how it was read."""

    table: pa.Table
    notes: tuple[str, ...] = ()


def list_images(urls: Sequence[str], source: SourceConfig, seed: int) -> SourceListing:
    """Every image of all the sources, in the seed's order.

    With several sources each key begins with its source's name. Tars need a Ray session. Raises
    InputError where a source holds no image, or two images have one key.
    """
    names, places = source_names(urls), source_urls(urls)
    listings = [_rows(url, source) for url in places]
    if len(urls) > 1:
        pieces = [_prefixed(found.table, name) for name, found in zip(names, listings, strict=True)]
        table = pa.concat_tables(pieces)
    else:
        table = listings[0].table
    place = ", ".join(urls)
    refuse_duplicates(table, place)
    notes = tuple(note for listing in listings for note in listing.notes)
    return SourceListing(table=in_seeded_order(table, seed), notes=notes)


def refuse_missing_sources(urls: Sequence[str]) -> None:
    """Raise InputError where a source is not there; of many files in a pattern the first tells."""
    for url in source_urls(urls):
        if url.lower().endswith(_FILE_SUFFIXES):
            refuse_missing_file(_expanded(url)[0], "a list or a tar of images", "Check --images.")
        elif not _PATTERN.search(url):
            refuse_missing_folder(Folder.at(url))


def list_folder(url: str, seed: int) -> pa.Table:
    """The listing of one folder tree of images."""
    return list_images([url], SourceConfig(format="folder"), seed).table


def source_urls(urls: Sequence[str]) -> tuple[str, ...]:
    """Where the sources are; only where there are several may they be written `NAME=URL`."""
    if len(urls) == 1:
        return tuple(urls)
    named = [_NAMED.fullmatch(url) for url in urls]
    return tuple(m.group(2) if m else url for m, url in zip(named, urls, strict=True))


def source_names(urls: Sequence[str]) -> tuple[str, ...]:
    """What several sources are called: the name given, or else where their paths part."""
    plain = [absolute_url(url) for url in source_urls(urls)]
    parent = common_parent(plain)
    given = [_NAMED.fullmatch(url) if len(urls) > 1 else None for url in urls]
    names = [
        named.group(1) if named else below(parent, url).split("/")[0].split(".")[0]
        for named, url in zip(given, plain, strict=True)
    ]
    if len(set(names)) < len(names) or not all(names):
        raise InputError(
            f"sources named {', '.join(names)}", "a name of its own for each", "--images",
            "Write them as NAME=URL.",
        )  # fmt: skip
    return tuple(names)


def _prefixed(rows: pa.Table, name: str) -> pa.Table:
    keys = [f"{name}/{key}" for key in rows.column("key").to_pylist()]
    return rows.set_column(0, rows.schema.field("key"), pa.array(keys, pa.string()))


def _rows(url: str, source: SourceConfig) -> SourceListing:
    found = _read(url, source)
    if source.labels is not None:
        table, where = with_labels(found.table, source.labels), f"in {source.labels}"
    elif source.label_separator is not None:
        table = with_labels_of_names(found.table, source.label_separator)
        where = f"before {source.label_separator!r} in their names"
    else:
        return found
    unnamed = table.column("label").null_count
    note = f"{unnamed} of {table.num_rows} images have no label {where}"
    return replace(found, table=table, notes=(*found.notes, *([note] if unnamed else [])))


def _read(url: str, source: SourceConfig) -> SourceListing:
    if url.lower().endswith(_FILE_SUFFIXES):
        return _read_files(_expanded(url), source)
    folder = Folder.at(url)
    if _PATTERN.search(url) and not folder.exists(""):
        return _read_files(_expanded(url), source)
    files = files_below(folder)
    kind = source.format if source.format != "auto" else _kind_of(files)
    if kind != "list":
        _refuse_columns(source, folder.url)
    if kind == "folder":
        table = folder_rows(folder, files)
        if ANNOTATIONS_NAME in files:
            table = with_labels(table, folder.place(ANNOTATIONS_NAME))
        return SourceListing(table=table, notes=_left_out(files, folder))
    suffixes = (TAR_SUFFIX,) if kind == "tars" else LIST_SUFFIXES
    names = sorted(name for name in files if name.endswith(suffixes) and _is_visible(name))
    if not names:
        raise InputError(f"no {' or '.join(suffixes)} file", f"{kind}", folder.url)
    return _read_files([folder.place(name) for name in names], source)


def _read_files(urls: list[str], source: SourceConfig) -> SourceListing:
    """Named files: lists or tars, whichever their suffix says."""
    for url in urls:
        if not url.lower().endswith(_FILE_SUFFIXES):
            raise InputError(
                f"a pattern of {url}", "a folder, or files that are lists or tars", "--images",
                "Name the folder that holds the images.",
            )  # fmt: skip
    is_list = urls[0].lower().endswith(LIST_SUFFIXES)
    if not is_list:
        _refuse_columns(source, urls[0])
    if source.format not in ("auto", "list" if is_list else "tars"):
        raise InputError(
            f"{urls[0]} with --source.format {source.format}",
            "a format that fits the suffix, or auto", "--images",
        )  # fmt: skip
    if is_list:
        return SourceListing(table=list_rows(urls, source))
    table, notes = tar_rows(urls)
    return SourceListing(table=table, notes=notes)


def _refuse_columns(source: SourceConfig, place: str) -> None:
    """A column that is named is meant to be read."""
    default = SourceConfig()
    for name in ("url_column", "label_column"):
        if getattr(source, name) != getattr(default, name):
            raise InputError(
                f"a column {getattr(source, name)!r} of what is no list", "a list of URLs", place,
                f"Leave --source.{name.replace('_', '-')} out.",
            )  # fmt: skip


def _kind_of(files: Files) -> str:
    """What a folder holds: images, or else tars, or else lists."""
    visible = [name for name in files if _is_visible(name)]
    if any(is_image_name(name) for name in visible):
        return "folder"
    if any(name.endswith(TAR_SUFFIX) for name in visible):
        return "tars"
    return "list" if any(name.endswith(".parquet") for name in visible) else "folder"


def _left_out(files: Files, folder: Folder) -> tuple[str, ...]:
    """What lies beside the images, hidden files among it: nothing is passed over in silence."""
    others = Counter(
        os.path.splitext(name)[1].lower() or "no suffix"
        for name in files
        if not is_image_name(name)
    )
    if not others:
        return ()
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(_SHOWN_SUFFIXES))
    hint = "; --source.format tars reads the tars" if others[TAR_SUFFIX] else ""
    return (
        f"{others.total()} files in {folder.url} are no images and were left out ({kinds}){hint}",
    )


def _is_visible(name: str) -> bool:
    return not any(part.startswith(".") for part in name.split("/"))


def _expanded(url: str) -> list[str]:
    """The files that `{000..999}` and `*` stand for, in order."""
    try:
        expanded = list(braceexpand.braceexpand(url))
    except ValueError as error:
        raise InputError(f"{error}", "braces in pairs, as in {000..127}", url) from error
    urls = [found for one in expanded for found in _globbed(one)]
    if not urls:
        raise InputError("no file of that name", EXPECTED_IMAGES, url, "Check --images.")
    return urls


def _globbed(url: str) -> list[str]:
    if not re.search(r"[*?\[]", url):
        return [absolute_url(url)]
    parent = Folder.at(re.split(r"[*?\[]", url)[0].rpartition("/")[0])
    pattern = parent.path(absolute_url(url)[len(parent.url) :].lstrip("/"))
    base = parent.path("").rstrip("/")
    found = with_retries(lambda: parent.file_system.glob(pattern), url)
    return sorted(parent.place(path[len(base) :].lstrip("/")) for path in found)


def refuse_changed_source(
    root: Folder, index: ListingIndex, found: ListingIndex, listing: pa.Table, url: str
) -> None:
    """Raise MismatchError, with counts, where the source is no longer what was listed.

    `index` is that of the root, `found` that of the listing as it is now.
    """
    if found.sha256 == index.sha256:
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
