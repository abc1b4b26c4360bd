"""Archives of others are unpacked as far as is sensible, and no further."""

import io
import tracemalloc
import zipfile

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.inflation import most_bytes, read_members, refuse_inflated

MEBIBYTE = bytes(1 << 20)


def archive(members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, pieces in members.items():
            with packed.open(name, "w") as member:
                member.writelines(pieces)
    return stream.getvalue()


def test_members_come_back():
    data = archive({"a": [b"one"], "b": [b"two"], "c": [MEBIBYTE]})
    assert read_members(data, ("b", "a"), "x.npz") == [b"two", b"one"]


def test_growth_is_measured_by_the_file():
    refuse_inflated(most_bytes(10_000_000), 10_000_000, "x")
    with pytest.raises(InputError, match="x: 1,000,000,001 bytes packed into 10,000,000; expected"):
        refuse_inflated(1_000_000_001, 10_000_000, "x")


def test_a_bomb_is_not_unpacked():
    data = archive({"a": [MEBIBYTE] * 300})
    assert len(data) < 1 << 19
    tracemalloc.start()
    with pytest.raises(InputError, match="314,572,800 bytes packed into"):
        read_members(data, ("a",), "x.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_bomb_that_lies_of_its_size_is_cut_where_it_promised_to_end():
    data = bytearray(archive({"a": [MEBIBYTE] * 100}))
    place = data.rindex(b"PK\1\2") + 24
    data[place : place + 4] = (1000).to_bytes(4, "little")
    tracemalloc.start()
    with pytest.raises(ValueError, match="CRC"):
        read_members(bytes(data), ("a",), "x.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_broken_encrypted_and_unknown_archives_are_one_kind_of_error():
    whole = archive({"a": [b"one"]}, zipfile.ZIP_STORED)
    listed = whole.rindex(b"PK\1\2")
    for place, value in ((listed + 8, 1), (listed + 10, 99), (whole.index(b"one"), 0)):
        broken = bytearray(whole)
        broken[place] = value
        if place > listed:
            broken[place - listed - 2] = value  # the member's own header says the same
        with pytest.raises(ValueError, match=r"encrypted|not supported|CRC"):
            read_members(bytes(broken), ("a",), "x.npz")
    with pytest.raises(ValueError, match="not a zip"):
        read_members(whole[:30], ("a",), "x.npz")
    with pytest.raises(ValueError, match="b is not a file in the archive"):
        read_members(whole, ("b.npy",), "x.npz")
