"""Every layout that numpy writes is read in pieces; what cannot be read is one line."""

import uuid
import zipfile
from pathlib import Path

import fsspec
import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.generation.conversion import released
from alignet_ray.generation.conversion.released import open_released

NAMES = np.array([[f"n{row}_{column}.JPEG" for column in range(3)] for row in range(10)])
SIMILARITIES = np.arange(30, 0, -1).reshape(10, 3)


def read(url, max_rows=None):
    with open_released(url, max_rows) as opened:
        rows = list(opened.rows())
    names = np.concatenate([piece.names for piece in rows])
    return names, np.concatenate([piece.similarities for piece in rows]), rows


def refusal(url, error=InputError):
    with pytest.raises(error) as caught, open_released(url) as opened:
        list(opened.rows())
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


@pytest.fixture
def three_at_once(monkeypatch):
    monkeypatch.setattr(released, "ROWS_AT_ONCE", 3)


@pytest.mark.usefixtures("three_at_once")
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("text", ["<U12", ">U30", "S16"])
@pytest.mark.parametrize("number", ["<f2", "<f4", ">f8", "<i4"])
def test_what_is_read_in_pieces_is_what_was_saved(write_npz, compressed, text, number):
    names, similarities = NAMES.astype(text), SIMILARITIES.astype(number)
    path = write_npz(compressed=compressed, filenames=names, similarities=similarities)
    found_names, found, rows = read(path)
    assert np.array_equal(found_names, names)
    assert np.array_equal(found, similarities)
    assert [(piece.first, len(piece.names)) for piece in rows] == [(0, 3), (3, 3), (6, 3), (9, 1)]


@pytest.mark.usefixtures("three_at_once")
def test_the_first_rows_are_taken(write_npz):
    path = write_npz(filenames=NAMES, similarities=SIMILARITIES)
    assert np.array_equal(read(path, 4)[0], NAMES[:4])
    assert np.array_equal(read(path, 40)[0], NAMES)


def test_an_object_store_is_read_through_a_copy(write_npz):
    url = f"memory://{uuid.uuid4().hex}/t.npz"
    path = write_npz(filenames=NAMES, similarities=SIMILARITIES)
    fsspec.filesystem("memory").put(path, url)
    assert np.array_equal(read(url)[0], NAMES)


def test_indices_are_not_looked_at(write_npz):
    lies = np.array([object()], dtype=object)
    path = write_npz(filenames=NAMES, similarities=SIMILARITIES, indices=lies)
    assert np.array_equal(read(path)[0], NAMES)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"filenames": NAMES.astype(object)}, "is an object array.*allow_pickle=True.*save it"),
        ({"similarities": SIMILARITIES.astype(object)}, "`similarities` is an object array"),
        ({"filenames": np.asfortranarray(NAMES)}, "Fortran order.*np.ascontiguousarray"),
        ({"similarities": np.asfortranarray(SIMILARITIES)}, "`similarities` is in Fortran order"),
        ({"filenames": SIMILARITIES}, "are int64; expected strings"),
        ({"similarities": NAMES}, "expected numbers"),
        ({"similarities": SIMILARITIES.astype(complex)}, "expected numbers"),
        ({"filenames": NAMES[:9]}, "9 rows of names, 10 of similarities"),
        ({"filenames": NAMES[:, :2]}, r"shape \(10, 2\)"),
        ({"filenames": NAMES[0]}, r"shape \(3,\)"),
        ({"filenames": NAMES[:0], "similarities": SIMILARITIES[:0]}, r"shape \(0, 3\)"),
        ({"filenames": np.array("x")}, r"shape \(\)"),
    ],
)
def test_another_layout_is_refused(write_npz, arrays, said):
    path = write_npz(**{"filenames": NAMES, "similarities": SIMILARITIES, **arrays})
    with pytest.raises(InputError, match=said):
        read(path)


def test_a_missing_array_is_named_with_what_is_there(write_npz):
    line = refusal(write_npz(names=NAMES, similarities=SIMILARITIES))
    assert "no `filenames` (there is names, similarities)" in line


def test_a_file_that_is_not_there_or_no_zip_is_one_line(tmp_path, write_npz):
    assert "no such file; expected an .npz file" in refusal(str(tmp_path / "absent.npz"))
    (tmp_path / "text.npz").write_text("hello")
    assert "unreadable" in refusal(str(tmp_path / "text.npz"))
    assert "unreadable" in refusal(str(tmp_path))
    np.save(tmp_path / "array.npy", NAMES)
    assert "unreadable" in refusal(str(tmp_path / "array.npy"))


def test_a_member_that_is_no_array_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("filenames.npy", b"\x93NUMPY\x03\x00 what")
        archive.writestr("similarities.npy", b"hello, who is there")
    assert "`filenames` is no array (version 3.0" in refusal(str(tmp_path / "t.npz"))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_or_altered_file_is_found(write_npz, compressed):
    path = write_npz(compressed=compressed, filenames=NAMES, similarities=SIMILARITIES)
    with open(path, "rb+") as stream:
        stream.truncate(Path(path).stat().st_size // 2)
    assert "unreadable" in refusal(path)


def test_an_altered_byte_is_found(write_npz, break_zip):
    path = write_npz(filenames=NAMES, similarities=SIMILARITIES)
    break_zip(path)
    assert "Bad CRC-32" in refusal(path)
