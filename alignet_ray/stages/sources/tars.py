"""Images inside tars, WebDataset's or any other, by the byte range of each member.

Only headers are read, one Ray task a tar; nothing is ever extracted. A label is the sample's
`.cls` or the `label` of its `.json`, or what a `val_annotations.txt` above the member says, or else
the member's first sub-folder. A group of our own shards names the key and label of each image; one
that is in several groups is listed once.
"""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import AlignetError, InputError
from alignet_ray.records.given_files import missing_is_a_mistake
from alignet_ray.records.storage_faults import with_retries
from alignet_ray.records.store import Folder
from alignet_ray.stages.sources.rows import (
    EXPECTED_IMAGES,
    below,
    common_parent,
    is_image_name,
    listing_rows,
)
from alignet_ray.stages.sources.tar_labels import LABEL_FILES, TarLabels
from alignet_ray.stages.tasks import map_tasks

TAR_SUFFIX = ".tar"
COMPRESSED_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_BLOCK = 512
_READ_AHEAD_BYTES = 1 << 20
_MOST_LABEL_BYTES = 1 << 20
_MOST_HEADER_BYTES = 2 << 20
_AGAIN = "Write the tar again."


@dataclass(frozen=True, kw_only=True)
class TarImages:
    """The images of one tar: names, byte ranges, and labels that the sample itself gives."""

    url: str
    names: list[str]
    offsets: list[int]
    lengths: list[int]
    labels: list[str | None]
    keys: list[str | None]
    """Keys that groups give their images, which lie in several."""


def tar_rows(urls: Sequence[str]) -> tuple[pa.Table, tuple[str, ...]]:
    """A row for each image in the tars, and notes; needs a Ray session.

    Raises InputError naming a tar.
    """
    absolute = [absolute_url(url) for url in urls]
    found = dict(map_tasks(read_tar, absolute))
    tars = [found[url] for url in absolute]
    table = rows_of_tars(tars)
    num_again = sum(len(tar.names) for tar in tars) - table.num_rows
    again = f"{num_again:,} images of groups are those of other groups again, and listed once"
    return table, ((again,) if num_again else ())


def rows_of_tars(tars: Sequence[TarImages]) -> pa.Table:
    """Keys are the tar's path below the folder that all share, then the member's name; or those
    that groups give.
    """
    names = [name for tar in tars for name in tar.names]
    if not names:
        raise InputError(
            f"{len(tars)} tars without an image", EXPECTED_IMAGES, tars[0].url, "Check --images."
        )
    folder = common_parent([tar.url for tar in tars])
    inside = common_parent(names)
    rows: list[tuple[str, str, int, int, str | None]] = []
    seen: set[str] = set()
    for tar in tars:
        stem = below(folder, tar.url).removesuffix(TAR_SUFFIX)
        members = zip(tar.names, tar.offsets, tar.lengths, tar.labels, tar.keys, strict=True)
        for name, offset, length, label, own_key in members:
            path = below(inside, name) if own_key is None else own_key
            if own_key is not None:
                if own_key in seen:
                    continue
                seen.add(own_key)
            sub_folder = path.split("/")[0] if "/" in path else None
            key = f"{stem}/{name}" if own_key is None else own_key
            rows.append((key, tar.url, offset, length, label or sub_folder))
    keys, urls, offsets, lengths, labels = (list(column) for column in zip(*rows, strict=True))
    return listing_rows(tars[0].url, keys, urls, lengths, labels, offsets)


def read_tar(url: str) -> TarImages:
    """The images of a tar, from its headers. Raises InputError where it is cut or compressed."""
    if url.endswith(COMPRESSED_SUFFIXES):
        raise InputError(
            "compressed", "a plain .tar, whose members can be read by range", url, "Unpack it."
        )
    parent, _, name = url.rpartition("/")
    folder = Folder(parent or "/")
    with missing_is_a_mistake("a tar of images", "Check --images."):
        size = folder.size(name)

    def read() -> TarImages:
        with folder.file_system.open(
            folder.path(name), "rb", block_size=_READ_AHEAD_BYTES
        ) as stream:
            return _scan(stream, url, size)

    return with_retries(read, url)


def _scan(stream: Any, url: str, size: int) -> TarImages:
    images: dict[str, tuple[int, int]] = {}
    said = TarLabels()
    end = 0
    try:
        bounded: Any = _BoundedReads(stream, url)
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            for member in archive:
                end = _end_of(member, end, size, url)
                name = member.name.removeprefix("./")
                if member.islnk() and is_image_name(name):
                    # A second name of a file before it, whose bytes are there only once.
                    images[name] = _linked(member, images, url)
                elif member.isreg() and not member.issparse() and not _is_hidden(name):
                    _take_member(archive, member, name, url, images, said)
    except tarfile.TarError as error:
        raise _cut(url, str(error)) from error
    except AlignetError:
        raise
    except (ValueError, OverflowError, RecursionError) as error:  # tarfile lets them through
        raise InputError(f"unreadable headers ({error})", "a tar", url, _AGAIN) from error
    # A tar that was cut between two members reads without a fault: only its end tells.
    if size < end + 2 * _BLOCK:
        raise _cut(url, "its end is missing")
    names = list(images)
    return TarImages(
        url=url,
        names=names,
        offsets=[images[name][0] for name in names],
        lengths=[images[name][1] for name in names],
        labels=[said.label(name) for name in names],
        keys=[said.key(name) for name in names],
    )


class _BoundedReads:
    """A tar's stream for `tarfile`, which reads headers and long names as large as they claim."""

    def __init__(self, stream: Any, url: str) -> None:
        self._stream = stream
        self._url = url

    def read(self, size: int) -> bytes:
        if size > _MOST_HEADER_BYTES:
            raise InputError(
                f"a header of {size:,} bytes", f"at most {_MOST_HEADER_BYTES:,}", self._url, _AGAIN
            )
        return self._stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _end_of(member: tarfile.TarInfo, last: int, size: int, url: str) -> int:
    """Where a member's blocks end; what would lead back or out of the tar is refused."""
    end = member.offset_data + -(-member.size // _BLOCK) * _BLOCK
    if member.size < 0 or end <= last:
        raise InputError(
            f"{member.name!r} of {member.size:,} bytes", "members one after the other", url, _AGAIN
        )
    if member.isreg() and not member.issparse() and member.offset_data + member.size > size:
        raise _cut(url, f"{member.name!r} ends after the file")
    return end


def _linked(
    member: tarfile.TarInfo, images: dict[str, tuple[int, int]], url: str
) -> tuple[int, int]:
    found = images.get(member.linkname.removeprefix("./"))
    if found is None:
        raise InputError(
            f"a link to {member.linkname!r}, which is not before it", "images, or links to them",
            url, _AGAIN,
        )  # fmt: skip
    return found


def _take_member(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    name: str,
    url: str,
    images: dict[str, tuple[int, int]],
    said: TarLabels,
) -> None:
    """Note an image's byte range, or what a small file says of images."""
    if is_image_name(name):
        if name in images:
            raise InputError(f"{name} twice", "each member once", url, _AGAIN)
        images[name] = (member.offset_data, member.size)
    elif name.endswith(LABEL_FILES) and member.size <= _MOST_LABEL_BYTES:
        stream = archive.extractfile(member)
        said.take(name, stream.read() if stream else b"", url)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _cut(url: str, detail: str) -> InputError:
    return InputError(f"truncated ({detail})", "a whole tar", url, "Fetch or write it again.")
