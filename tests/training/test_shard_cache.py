"""A bounded folder of copies: the last used stay, a failing disk is one line."""

import errno
import os
import time
from pathlib import Path

import pytest

from alignet_ray.errors import RecordError
from alignet_ray.training.shard_cache import CACHE_FOLDER, ShardCache


@pytest.fixture
def said() -> list[str]:
    return []


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_was_put_comes_back(tmp_path: Path, said: list[str]) -> None:
    cache = ShardCache(str(tmp_path / "new"), 1000, said.append)
    assert cache.get("a") is None
    cache.put("a", b"bytes")
    assert cache.get("a") == b"bytes"
    cache.remove("a")
    cache.remove("a")
    assert cache.get("a") is None
    assert not said


def test_what_was_not_used_longest_goes_first(tmp_path: Path, said: list[str]) -> None:
    cache = ShardCache(str(tmp_path), 1000, said.append)
    for number in range(10):
        cache.put(str(number), bytes(100))
        _age(tmp_path / CACHE_FOLDER / str(number), 100 - number)
    assert cache.get("0") is not None  # now the last used
    cache.put("more", bytes(200))
    assert sorted(path.name for path in (tmp_path / CACHE_FOLDER).iterdir()) == [
        *"03456789",
        "more",
    ]


def test_two_processes_keep_to_the_bound_together(tmp_path: Path, said: list[str]) -> None:
    caches = [ShardCache(str(tmp_path), 1000, said.append) for _ in range(2)]
    for number in range(60):
        caches[number % 2].put(f"{number}", bytes(30))
    held = sum(path.stat().st_size for path in (tmp_path / CACHE_FOLDER).iterdir())
    assert 800 <= held <= 1000 + 2 * 50 + 30


def test_what_killed_writers_left_is_removed(tmp_path: Path, said: list[str]) -> None:
    folder = tmp_path / CACHE_FOLDER
    folder.mkdir()
    (folder / ".old.partial").write_bytes(b"x")
    (folder / ".new.partial").write_bytes(b"x")
    _age(folder / ".old.partial", 7200)
    ShardCache(str(tmp_path), 1000, said.append).put("a", b"a")
    assert sorted(path.name for path in (tmp_path / CACHE_FOLDER).iterdir()) == [
        ".new.partial",
        "a",
    ]


def test_what_is_larger_than_the_bound_is_not_kept(tmp_path: Path, said: list[str]) -> None:
    cache = ShardCache(str(tmp_path), 10, said.append)
    cache.put("a", bytes(11))
    assert cache.get("a") is None


def test_a_full_disk_ends_its_use_with_one_line(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ShardCache(str(tmp_path), 1000, said.append)
    cache.put("a", b"a")

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        cache.put("b", b"b")
        cache.put("c", b"c")
    assert cache.get("a") is None
    folder = tmp_path / CACHE_FOLDER
    assert said == [f"warning: {folder}: No space left on device; going on without --data.cache"]
    assert [path.name for path in (tmp_path / CACHE_FOLDER).iterdir()] == ["a"]


def test_a_folder_that_cannot_be_made_is_one_line_too(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ShardCache(str(tmp_path / "file" / "below"), 1000, said.append)
    cache.put("a", b"a")
    assert len(said) == 1
    assert "Not a directory" in said[0]


def test_what_is_not_the_caches_own_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "imagenet.tar").write_bytes(bytes(5000))
    _age(tmp_path / "imagenet.tar", 7200)
    cache = ShardCache(str(tmp_path), 100, said.append)
    for number in range(9):
        cache.put(str(number), bytes(30))
    assert (tmp_path / "imagenet.tar").stat().st_size == 5000


@pytest.mark.parametrize("name", ["../imagenet.tar", "a/b", "", ".hidden", "/etc/passwd"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, said: list[str], name: str) -> None:
    (tmp_path / "imagenet.tar").write_bytes(b"x")
    cache = ShardCache(str(tmp_path), 100, said.append)
    for use in (cache.get, cache.remove, lambda own: cache.put(own, b"y")):
        with pytest.raises(RecordError, match="expected a SHA-256"):
            use(name)
    assert (tmp_path / "imagenet.tar").read_bytes() == b"x"
