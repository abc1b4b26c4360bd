"""How much a compressed file may grow when it is read: a bomb is refused before it is unpacked.

One rule for archives, tables and weights that others made. What people measure or embed shrinks to
a half or a tenth, not to a thousandth.
"""

import io
import zipfile

from alignet_ray.errors import InputError

MOST_GROWTH = 100
ALWAYS_ALLOWED_BYTES = 256 << 20
"""A small file may grow to this much, however well it was compressed."""


def most_bytes(file_bytes: int) -> int:
    """Bytes that a file of so many bytes may hold when it is unpacked."""
    return max(ALWAYS_ALLOWED_BYTES, MOST_GROWTH * file_bytes)


def refuse_inflated(num_bytes: int, file_bytes: int, place: str) -> None:
    """Raise InputError where a file holds far more than its own size lets expect."""
    if num_bytes > most_bytes(file_bytes):
        raise InputError(
            f"{num_bytes:,} bytes packed into {file_bytes:,}",
            f"at most {MOST_GROWTH} times the file", place, "Save it without compression.",
        )  # fmt: skip


def read_members(data: bytes, names: tuple[str, ...], place: str) -> list[bytes]:
    """Those members of a zip archive. Raises InputError for a bomb, ValueError for a broken one.

    What the archive's list says of sizes is held to: no member is read beyond it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            absent = [name for name in names if name not in archive.namelist()]
            if absent:
                raise ValueError(f"{absent[0].removesuffix('.npy')} is not a file in the archive")
            members = [archive.getinfo(name) for name in names]
            refuse_inflated(sum(member.file_size for member in members), len(data), place)
            return [_read(archive, member) for member in members]
    except InputError:
        raise
    except Exception as error:  # zipfile and its decompressors promise no closed set of errors
        raise ValueError(str(error) or type(error).__name__) from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        data = stream.read(member.file_size)
        stream.read(1)  # past the end, where the checksum is compared
    if len(data) != member.file_size:
        raise ValueError(f"{member.filename} is truncated")
    return data
