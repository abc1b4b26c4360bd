"""An image is a whole file or a byte range of one; a file that has changed is told."""

import os

import pytest

from alignet_ray.errors import InputError, MismatchError, StorageError
from alignet_ray.records.listed_image import read_listed_image


def test_a_whole_file_and_a_range(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"0123456789")
    url = str(tmp_path / "a.tar")
    assert read_listed_image({"url": url, "offset": None, "length": 10}) == b"0123456789"
    assert read_listed_image({"url": url, "offset": 3, "length": 4}) == b"3456"
    with pytest.raises(MismatchError, match="9 bytes as when it was listed"):
        read_listed_image({"url": url, "offset": None, "length": 9})
    with pytest.raises(StorageError, match="2 bytes read"):
        read_listed_image({"url": url, "offset": 8, "length": 4})


def test_devices_and_pipes_are_never_read(tmp_path):
    pipe = tmp_path / "a.jpg"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero"):
        for offset in (None, 0):
            with pytest.raises(InputError, match=f"{path}: no regular file; expected an image"):
                read_listed_image({"url": path, "offset": offset, "length": 5})


def test_a_file_that_has_grown_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "a.jpg"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(MismatchError, match="1099511627776 bytes; expected 5 bytes"):
        read_listed_image({"url": str(path), "offset": None, "length": 5})


@pytest.mark.parametrize("length", [1 << 50, 1 << 63])
def test_a_range_that_no_memory_holds_is_one_line(tmp_path, length):
    (tmp_path / "a.tar").write_bytes(b"0123456789")
    row = {"url": str(tmp_path / "a.tar"), "offset": 1, "length": length}
    with pytest.raises(StorageError, match=r"a\.tar: a range of .* bytes from 1; expected"):
        read_listed_image(row)
