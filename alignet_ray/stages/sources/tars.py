"""Images inside tars, WebDataset's or any other, by the byte range of each member.

Only headers are read, one Ray task a tar; nothing is ever extracted. A label is the sample's
`.cls` or the `label` of its `.json`, or else the member's first sub-folder.
"""

import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError
from alignet_ray.records.given_files import missing_is_a_mistake
from alignet_ray.records.store import Folder, with_retries
from alignet_ray.stages.sources.rows import (
    EXPECTED_IMAGES,
    below,
    common_parent,
    is_image_name,
    listing_rows,
)
from alignet_ray.stages.tasks import map_tasks

TAR_SUFFIX = ".tar"
COMPRESSED_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_BLOCK = 512
_READ_AHEAD_BYTES = 1 << 20
_LABEL_SUFFIXES = (".cls", ".json")
_MOST_LABEL_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class TarImages:
    """The images of one tar: names, byte ranges, and labels that the sample itself gives."""

    url: str
    names: list[str]
    offsets: list[int]
    lengths: list[int]
    labels: list[str | None]


def tar_rows(urls: Sequence[str]) -> pa.Table:
    """A row for each image in the tars; needs a Ray session. Raises InputError naming a tar."""
    absolute = [absolute_url(url) for url in urls]
    found = dict(map_tasks(read_tar, absolute))
    return rows_of_tars([found[url] for url in absolute])


def rows_of_tars(tars: Sequence[TarImages]) -> pa.Table:
    """Keys are the tar's path below the folder that all share, then the member's name."""
    names = [name for tar in tars for name in tar.names]
    if not names:
        raise InputError(
            f"{len(tars)} tars without an image", EXPECTED_IMAGES, tars[0].url, "Check --images."
        )
    folder = common_parent([tar.url for tar in tars])
    inside = common_parent(names)
    keys, urls, labels = [], [], []
    for tar in tars:
        stem = below(folder, tar.url).removesuffix(TAR_SUFFIX)
        for name, label in zip(tar.names, tar.labels, strict=True):
            path = below(inside, name)
            keys.append(f"{stem}/{name}")
            urls.append(tar.url)
            labels.append(label or (path.split("/")[0] if "/" in path else None))
    return listing_rows(
        tars[0].url,
        keys,
        urls,
        [length for tar in tars for length in tar.lengths],
        labels,
        [offset for tar in tars for offset in tar.offsets],
    )


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
    labels: dict[str, str] = {}
    end = 0
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                end = member.offset_data + -(-member.size // _BLOCK) * _BLOCK
                name = member.name.removeprefix("./")
                if member.islnk() and is_image_name(name):
                    # A second name of a file before it, whose bytes are there only once.
                    images[name] = images[member.linkname.removeprefix("./")]
                elif member.isreg() and not member.issparse() and not _is_hidden(name):
                    _take_member(archive, member, name, url, images, labels)
    except tarfile.TarError as error:
        raise _cut(url, str(error)) from error
    except KeyError as error:
        raise InputError(
            f"a link to {error}, which is not before it", "images, or links to them", url,
            "Write the tar again.",
        ) from error  # fmt: skip
    # A tar that was cut between two members reads without a fault: only its end tells.
    if size < end + 2 * _BLOCK:
        raise _cut(url, "its end is missing")
    names = list(images)
    return TarImages(
        url=url,
        names=names,
        offsets=[images[name][0] for name in names],
        lengths=[images[name][1] for name in names],
        labels=[labels.get(_sample_key(name)) for name in names],
    )


def _take_member(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    name: str,
    url: str,
    images: dict[str, tuple[int, int]],
    labels: dict[str, str],
) -> None:
    """Note an image's byte range, or the label that a sample's small file gives."""
    if is_image_name(name):
        if name in images:
            raise InputError(f"{name} twice", "each member once", url, "Write the tar again.")
        images[name] = (member.offset_data, member.size)
    elif name.endswith(_LABEL_SUFFIXES) and member.size <= _MOST_LABEL_BYTES:
        stream = archive.extractfile(member)
        label, key = _label(name, stream.read() if stream else b""), _sample_key(name)
        if label is not None and labels.setdefault(key, label) != label:
            raise InputError(
                f"sample {key} has the labels {labels[key]} and {label}", "one label a sample", url,
                "Write the tar again, or give --source.labels.",
            )  # fmt: skip


def _sample_key(name: str) -> str:
    """WebDataset's key of a member: its path up to the first dot of its base name."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.split('.')[0]}"


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _label(name: str, data: bytes) -> str | None:
    """The label in a sample's `.cls`, or in its `.json` if that is an object that has one."""
    if not name.endswith(".json"):
        return data.decode(errors="replace").strip() or None
    try:
        label = json.loads(data)["label"]
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return str(label) if isinstance(label, str | int) else None


def _cut(url: str, detail: str) -> InputError:
    return InputError(f"truncated ({detail})", "a whole tar", url, "Fetch or write it again.")
