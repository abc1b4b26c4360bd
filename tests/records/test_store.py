"""Atomic writes, one kind of error, and retries, on a disk and in an object store."""

import errno
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import StorageError
from alignet_ray.records import storage_faults
from alignet_ray.records.store import Folder, is_temporary, read_url


class UnreliableFileSystem(MemoryFileSystem):
    """A transport whose every operation raises `fault` as often as it was told to."""

    protocol = "unreliable"
    store = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    cachable = False
    faults_left = 0
    num_calls = 0
    fault: Exception = ConnectionResetError("reset")

    @classmethod
    def breaks(cls, fault, times):
        cls.fault, cls.faults_left, cls.num_calls = fault, times, 0

    @classmethod
    def _call(cls):
        cls.num_calls += 1
        if cls.faults_left > 0:
            cls.faults_left -= 1
            raise cls.fault

    def info(self, path, **kwargs):
        self._call()
        return super().info(path, **kwargs)

    def exists(self, path, **kwargs):
        """As fsspec's base class has it: every fault is an absent file."""
        try:
            self.info(path, **kwargs)
        except Exception:
            return False
        return True

    def cat_file(self, path, **kwargs):
        self._call()
        return super().cat_file(path, **kwargs)

    def pipe_file(self, path, value, **kwargs):
        self._call()
        return super().pipe_file(path, value, **kwargs)

    def rm_file(self, path):
        self._call()
        return super().rm_file(path)

    def ls(self, path, **kwargs):
        self._call()
        return super().ls(path, **kwargs)


class HttpFault(Exception):
    """As gcsfs raises them: a code, and no OSError."""

    def __init__(self, code):
        super().__init__(f"HTTP {code}")
        self.code = code


@pytest.fixture
def unreliable(monkeypatch):
    fsspec.register_implementation("unreliable", UnreliableFileSystem, clobber=True)
    monkeypatch.setattr(storage_faults, "_FIRST_WAIT_SECONDS", 0.001)
    UnreliableFileSystem.breaks(None, 0)
    folder = Folder.at("unreliable://bucket/run")
    folder.write("a", b"data")
    return folder


OPERATIONS = {
    "read": lambda folder: folder.read("a"),
    "read_range": lambda folder: folder.read_range("a", 1, 3),
    "write": lambda folder: folder.write("a", b"data"),
    "exists": lambda folder: folder.exists("a"),
    "read_if_there": lambda folder: folder.read_if_there("a"),
    "size": lambda folder: folder.size("a"),
    "sizes": lambda folder: folder.sizes(),
    "delete": lambda folder: folder.delete("a"),
}
operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def test_what_was_written_is_read(root):
    root.write("a/b.bin", b"data")
    assert root.read("a/b.bin") == b"data"
    assert root.read_range("a/b.bin", 1, 3) == b"at"
    assert root.size("a/b.bin") == 4
    assert read_url(root.place("a/b.bin")) == b"data"


@pytest.mark.parametrize("pieces", [[], [b"da", b"", b"ta"]])
def test_pieces_are_written_one_after_the_other(root, pieces):
    root.write("a", pieces)
    assert root.read("a") == b"".join(pieces)


def test_writing_again_replaces(root):
    root.write("a", b"long long")
    root.write("a", b"new")
    assert root.read("a") == b"new"


def test_existence_is_known(root):
    root.write("a/b", b"")
    assert [root.exists(name) for name in ("a/b", "a", "b", "a/b/c")] == [True, True, False, False]


@pytest.mark.parametrize(("name", "data"), [("a/b", b"x"), ("a/c", None), ("a/b/c", None)])
def test_an_absent_file_is_read_as_none(root, name, data):
    root.write("a/b", b"x")
    assert root.read_if_there(name) == data


def test_sizes_are_of_the_files_in_that_folder_alone(root):
    for name, data in (("a/b", b"12"), ("a/c/d", b"1"), ("e", b"")):
        root.write(name, data)
    assert root.sizes("a") == {"b": 2}
    assert root.folder("a").sizes() == {"b": 2}
    assert root.sizes("nowhere") == {}


def test_a_deleted_file_is_gone_and_may_be_deleted_again(root):
    root.write("a", b"")
    root.delete("a")
    root.delete("a")
    assert not root.exists("a")


def test_a_folder_travels_to_other_processes_by_its_url(root):
    root.write("a", b"data")
    copy = pickle.loads(pickle.dumps(root))
    assert copy == root
    assert copy.read("a") == b"data"


def test_a_missing_file_is_one_storage_error_with_its_place(root):
    with pytest.raises(StorageError, match="not found; expected an existing file") as caught:
        root.read("none")
    assert caught.value.place == root.place("none")


def test_a_range_beyond_the_end_is_a_storage_error(root):
    root.write("a", b"data")
    with pytest.raises(StorageError, match="2 bytes read from 2; expected 4 bytes"):
        root.read_range("a", 2, 6)


@pytest.mark.parametrize("name", ["file/below", "file/far/below"])
def test_a_path_below_a_file_is_refused_at_once(local_root, name):
    local_root.write("file", b"")
    started = time.monotonic()
    with pytest.raises(StorageError) as caught:
        local_root.write(name, b"data")
    assert caught.value.place == local_root.place(name)
    assert time.monotonic() - started < 0.4


def test_an_unknown_scheme_is_refused_with_its_url():
    with pytest.raises(StorageError, match="nonsense://x: "):
        Folder.at("nonsense://x").read("a")


def test_local_paths_become_absolute_and_urls_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute_url("run") == absolute_url("file://" + str(tmp_path / "run"))
    assert absolute_url("run/") == str(tmp_path / "run")
    assert absolute_url("~/x") == str(Path.home() / "x")
    assert absolute_url("gs://bucket/dir/") == "gs://bucket/dir"


@operations
def test_a_passing_fault_is_tried_again(unreliable, operation):
    UnreliableFileSystem.breaks(ConnectionResetError("reset"), 2)
    expected = operation(unreliable)
    assert UnreliableFileSystem.num_calls >= 3
    if operation is not OPERATIONS["delete"]:
        assert operation(unreliable) == expected


@operations
@pytest.mark.parametrize("fault", [TimeoutError("slow"), HttpFault(429), HttpFault(503)])
def test_a_fault_that_stays_becomes_a_storage_error(unreliable, operation, fault):
    UnreliableFileSystem.breaks(fault, 1000)
    with pytest.raises(StorageError, match="unreliable://bucket/run"):
        operation(unreliable)
    assert UnreliableFileSystem.num_calls == 5


@operations
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.ENOSPC, "No space left"), "the disk is full; expected free space"),
        (IsADirectoryError("no"), "a folder; expected a file"),
        (PermissionError("no"), "access denied; expected read and write rights"),
        (HttpFault(403), "access denied; expected read and write rights"),
        (HttpFault(400), "HTTP 400"),
    ],
)
def test_a_final_fault_is_not_tried_again(unreliable, operation, fault, said):
    UnreliableFileSystem.breaks(fault, 1000)
    with pytest.raises(StorageError, match=said):
        operation(unreliable)
    assert UnreliableFileSystem.num_calls == 1


def test_a_fault_of_our_own_is_not_taken_for_storage(unreliable):
    UnreliableFileSystem.breaks(ZeroDivisionError("ours"), 1)
    with pytest.raises(ZeroDivisionError):
        unreliable.read("a")


def test_a_write_that_fails_leaves_nothing_behind(local_root):
    local_root.write("a", b"old")
    with pytest.raises(StorageError):
        local_root.write("b" * 300, b"data")  # no file system takes such a name
    assert local_root.sizes() == {"a": 3}


WRITE_FOR_EVER = """
import itertools, sys
from alignet_ray.config.urls import absolute_url
from alignet_ray.records.store import Folder
for number in itertools.count():
    Folder(sys.argv[1]).write("a", bytes([number % 256]) * 500_000)
"""


def test_a_reader_never_sees_a_partial_file_and_a_killed_writer_leaves_none(local_root):
    local_root.write("a", b"\0" * 500_000)
    writer = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, local_root.url])
    try:
        seen = set()
        deadline = time.monotonic() + 30
        while len(seen) < 20 and time.monotonic() < deadline:
            data = local_root.read("a")
            assert len(data) == 500_000
            assert len(set(data)) == 1
            seen.add(data[0])
    finally:
        writer.kill()
        writer.wait()
    assert len(seen) >= 20
    data = local_root.read("a")
    assert (len(data), len(set(data))) == (500_000, 1)
    assert local_root.sizes() == {"a": 500_000}
    local_root.remove_temporaries()
    assert [path.name for path in Path(local_root.url).iterdir()] == ["a"]


def test_concurrent_writers_leave_one_whole_file(root):
    threads = [
        threading.Thread(target=root.write, args=("a", bytes([n]) * 10_000)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = root.read("a")
    assert (len(data), len(set(data))) == (10_000, 1)


def test_what_a_killed_writer_left_is_ignored_and_removed(local_root):
    local_root.write("a/b", b"done")
    left = Path(local_root.url) / "a" / ".c.0123abcd.partial"
    left.write_bytes(b"half")
    assert is_temporary(left.name)
    assert local_root.sizes("a") == {"b": 4}
    assert local_root.remove_temporaries() == 1
    assert not left.exists()
    assert local_root.read("a/b") == b"done"


def test_an_object_store_has_no_temporaries(new_root):
    assert new_root("memory").remove_temporaries() == 0


def test_a_built_file_is_put_in_place_whole(root):
    with root.building("deep/file") as path:
        path.write_bytes(b"first")
        assert not root.exists("deep/file")
    assert root.read("deep/file") == b"first"
    with root.building("deep/file") as path:
        path.write_bytes(b"second")
    assert root.read("deep/file") == b"second"
    assert set(root.sizes("deep")) == {"file"}


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (KeyError("own"), KeyError),
        (OSError(errno.ENOSPC, "full"), StorageError),
        (StorageError("lost", place="elsewhere"), StorageError),
    ],
)
def test_a_file_that_is_not_finished_is_never_there(root, fault, raised):
    def build():
        with root.building("deep/file") as path:
            path.write_bytes(b"half")
            raise fault

    root.write("deep/file", b"old")
    with pytest.raises(raised):
        build()
    assert root.read("deep/file") == b"old"
    assert set(root.sizes("deep")) == {"file"}


def test_a_local_copy_holds_the_files_bytes(root):
    root.write("file", b"bytes")
    with root.local_copy("file") as path:
        assert path.read_bytes() == b"bytes"
    assert path.exists() == root.is_local
    with pytest.raises(StorageError, match="absent: not found"), root.local_copy("absent"):
        pass


def test_a_folder_is_removed_with_all_below_it_and_may_be_gone(root):
    root.write("file", b"x")
    root.folder("deep").write("er/file", b"x")
    root.folder("deep").remove()
    root.folder("deep").remove()
    assert root.sizes().keys() == {"file"}
    assert not root.exists("deep")


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_a_tree_holds_every_file_below(kind, new_root):
    root = new_root(kind)
    names = {"a": 1, "b/c": 2, "b/d/.e.0.partial": 3}
    for name, size in names.items():
        root.write(name, bytes(size))
    assert root.tree() == names
    assert root.folder("b").tree() == {"c": 2, "d/.e.0.partial": 3}
    assert root.folder("nowhere").tree() == {}


def test_a_chain_of_file_systems_is_never_opened(tmp_path):
    (tmp_path / "refs.json").write_text('{"version": 1, "refs": {"a.jpg": "bytes"}}')
    for url in (f"reference://a.jpg::{tmp_path}/refs.json", "simplecache::memory://a"):
        with pytest.raises(StorageError, match="a chain of file systems; expected one URL"):
            Folder(url).read("a.jpg")
