"""One driver per root: the kernel frees a dead one's lock, a lease goes stale."""

import json
import subprocess
import sys
import threading
import time

import pytest

from alignet_ray.errors import LockedError, StorageError
from alignet_ray.records import lock
from alignet_ray.records.lock import LOCK_NAME, STALE_SECONDS, locked
from alignet_ray.records.store import Folder

HOLD = """
import sys, time
from alignet_ray.records.lock import locked
from alignet_ray.records.store import Folder
with locked(Folder(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
TRY = """
import sys
from alignet_ray.errors import LockedError
from alignet_ray.records.lock import locked
from alignet_ray.records.store import Folder
try:
    with locked(Folder(sys.argv[1])):
        print("taken")
except LockedError as error:
    print(error)
"""


def holder(root):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, root.url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def attempt(root):
    command = [sys.executable, "-c", TRY, root.url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_another_process_is_refused_with_the_holders_name(local_root):
    with locked(local_root):
        said = attempt(local_root)
    assert said.startswith(f"{local_root.place(LOCK_NAME)}: another driver (")
    assert "pid " in said


def test_a_lock_is_free_after_its_block(local_root):
    with locked(local_root):
        pass
    with locked(local_root):
        pass


def test_a_killed_holder_frees_the_lock(local_root):
    process = holder(local_root)
    try:
        with pytest.raises(LockedError, match=f"pid {process.pid}"), locked(local_root):
            pass
    finally:
        process.kill()
        process.wait()
    with locked(local_root):
        pass


def test_roots_do_not_lock_each_other(local_root):
    with locked(local_root.folder("a")), locked(local_root.folder("b")):
        pass


def test_a_root_that_cannot_be_written_is_a_storage_error(local_root):
    local_root.write("file", b"")
    with pytest.raises(StorageError, match="file"), locked(local_root.folder("file")):
        pass


@pytest.fixture
def bucket(new_root, monkeypatch):
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.02)
    return new_root("memory")


def lay_lease(root, age_seconds):
    lease = {"token": "other", "owner": "far pid 1", "renewed": time.time() - age_seconds}
    root.write(LOCK_NAME, json.dumps(lease).encode())


def test_a_fresh_lease_is_refused_and_left_alone(bucket):
    lay_lease(bucket, STALE_SECONDS / 2)
    with pytest.raises(LockedError, match=r"another driver \(far pid 1\)"), locked(bucket):
        pass
    assert json.loads(bucket.read(LOCK_NAME))["token"] == "other"


def test_a_stale_lease_is_taken(bucket):
    lay_lease(bucket, STALE_SECONDS + 1)
    with locked(bucket):
        assert json.loads(bucket.read(LOCK_NAME))["token"] != "other"


def test_a_lease_is_given_back(bucket):
    with locked(bucket):
        assert bucket.exists(LOCK_NAME)
    assert not bucket.exists(LOCK_NAME)


def test_a_lease_is_given_back_when_the_job_fails(bucket):
    with pytest.raises(ZeroDivisionError), locked(bucket):
        raise ZeroDivisionError
    assert not bucket.exists(LOCK_NAME)


def test_a_lease_is_renewed_while_it_is_held(bucket, monkeypatch):
    monkeypatch.setattr(lock, "_RENEW_SECONDS", 0.02)
    with locked(bucket):
        first = json.loads(bucket.read(LOCK_NAME))["renewed"]
        deadline = time.monotonic() + 60
        while json.loads(bucket.read(LOCK_NAME))["renewed"] == first:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_of_many_that_come_at_once_one_gets_in(bucket):
    inside, refused = [], []
    everyone_has_tried = threading.Barrier(6)

    def drive():
        try:
            with locked(Folder(bucket.url)):
                inside.append(1)
                everyone_has_tried.wait(30)
        except LockedError:
            refused.append(1)
            everyone_has_tried.wait(30)

    threads = [threading.Thread(target=drive) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(inside), len(refused)) == (1, 5)


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"[1]", b'{"renewed": 1}'])
def test_a_lease_that_was_never_fully_taken_is_nobodys(bucket, data):
    bucket.write(LOCK_NAME, data)
    with locked(bucket):
        pass


def hold_until_taken(bucket, taken):
    with locked(bucket):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            bucket.write(LOCK_NAME, taken)  # again: a renewal under way may have overwritten it
            time.sleep(0.01)


def test_a_driver_whose_lease_was_taken_stops_and_leaves_it(bucket, monkeypatch):
    monkeypatch.setattr(lock, "_RENEW_SECONDS", 0.02)
    monkeypatch.setattr(lock, "_INSIST_SECONDS", 1.0)
    other = json.dumps({"token": "other", "owner": "other", "renewed": time.time()}).encode()
    with pytest.raises(LockedError):
        hold_until_taken(bucket, other)
    assert bucket.read(LOCK_NAME) == other


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_who_holds_a_lock_is_told_and_nothing_is_written(kind, new_root):
    root = new_root(kind)
    assert lock.holder(root) is None
    assert root.tree() == {}
    with locked(root):
        before = root.read(LOCK_NAME)
        assert "pid" in lock.holder(root)
        assert root.read(LOCK_NAME) == before
    assert lock.holder(root) is None


def test_nobody_holds_a_stale_lease(new_root):
    root = new_root("memory")
    lease = {"token": "a", "owner": "b", "renewed": time.time() - STALE_SECONDS - 1}
    root.write(LOCK_NAME, json.dumps(lease).encode())
    assert lock.holder(root) is None
