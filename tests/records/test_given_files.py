"""What a user names and is not there is an InputError, wherever it was to lie."""

import fsspec
import pytest

from alignet_ray.errors import InputError, StorageError
from alignet_ray.records.given_files import (
    missing_is_a_mistake,
    refuse_missing_file,
    refuse_missing_files,
    refuse_missing_folder,
)
from alignet_ray.records.store import Folder, read_url

REMEDY = "Check --x."


def test_a_file_that_is_there_is_taken(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    refuse_missing_file(str(tmp_path / "a"), "a list", REMEDY)
    fsspec.filesystem("memory").pipe_file("/given/a", b"a")
    refuse_missing_file("memory://given/a", "a list", REMEDY)


@pytest.mark.parametrize("name", ["none", "file/none", "folder/none"])
def test_a_file_that_is_not_there_is_one_line(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    url = str(tmp_path / name)
    line = f"{url}: no such file; expected a list. Check --x."
    with pytest.raises(InputError) as caught:
        refuse_missing_file(url, "a list", REMEDY)
    assert str(caught.value) == line
    with pytest.raises(InputError) as caught, missing_is_a_mistake("a list", REMEDY):
        read_url(url)
    assert str(caught.value) == line


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="a directory; expected a list"):
        refuse_missing_file(str(tmp_path), "a list", REMEDY)
    with (
        pytest.raises(InputError, match="a directory; expected a list"),
        missing_is_a_mistake("a list", REMEDY),
    ):
        read_url(str(tmp_path))


def test_other_faults_of_storage_stay_what_they_are():
    with pytest.raises(StorageError, match="nonsense"), missing_is_a_mistake("a list", REMEDY):
        Folder("nonsense://x").read("y")


def test_a_folder_that_is_there_is_taken_and_any_other_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for url in (str(tmp_path), f"{tmp_path}/"):
        refuse_missing_folder(url, "images", REMEDY)
    fsspec.filesystem("memory").pipe_file("/given/folder/a", b"a")
    refuse_missing_folder("memory://given/folder", "images", REMEDY)
    for name, value in (("none", "no such folder"), ("file", "a file")):
        with pytest.raises(InputError) as caught:
            refuse_missing_folder(str(tmp_path / name), "images", REMEDY)
        assert str(caught.value) == f"{tmp_path}/{name}: {value}; expected images. Check --x."


def test_of_many_files_those_that_are_given_must_be_there(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    refuse_missing_files((("--a", str(tmp_path / "a"), "a list"), ("--b", None, "a list")))
    with pytest.raises(InputError, match=r"/c: no such file; expected a tar. Check --c\."):
        refuse_missing_files((("--a", None, "a list"), ("--c", str(tmp_path / "c"), "a tar")))


def test_a_bucket_itself_is_a_folder():
    fsspec.filesystem("memory").pipe("/a_bucket/file", b"x")
    refuse_missing_folder("memory://a_bucket", "a folder", "Check it.")
    with pytest.raises(InputError, match="no such folder"):
        refuse_missing_folder("memory://another_bucket", "a folder", "Check it.")
