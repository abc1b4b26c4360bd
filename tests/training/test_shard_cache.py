"""A bounded folder of copies: the last used stay, a failing disk is one line."""

import errno
import os
import time
from pathlib import Path

import pytest

from alignet_ray.training.shard_cache import ShardCache


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
        _age(tmp_path / str(number), 100 - number)
    assert cache.get("0") is not None  # now the last used
    cache.put("more", bytes(200))
    assert sorted(path.name for path in tmp_path.iterdir()) == [*"03456789", "more"]


def test_two_processes_keep_to_the_bound_together(tmp_path: Path, said: list[str]) -> None:
    caches = [ShardCache(str(tmp_path), 1000, said.append) for _ in range(2)]
    for number in range(60):
        caches[number % 2].put(f"{number}", bytes(30))
    held = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert 800 <= held <= 1000 + 2 * 50 + 30


def test_what_killed_writers_left_is_removed(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / ".old.partial").write_bytes(b"x")
    (tmp_path / ".new.partial").write_bytes(b"x")
    _age(tmp_path / ".old.partial", 7200)
    ShardCache(str(tmp_path), 1000, said.append).put("a", b"a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new.partial", "a"]


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
    assert said == [f"warning: {tmp_path}: No space left on device; going on without --data.cache"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_cannot_be_made_is_one_line_too(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ShardCache(str(tmp_path / "file" / "below"), 1000, said.append)
    cache.put("a", b"a")
    assert len(said) == 1
    assert "Not a directory" in said[0]
