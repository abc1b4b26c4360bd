"""An image is a whole file or a byte range of one; a file that has changed is told."""

import pytest

from alignet_ray.errors import MismatchError, StorageError
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
