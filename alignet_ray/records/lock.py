"""One driver per root: the second refuses.

Local disks: `flock`, which the kernel releases with the process, however it dies. Object stores:
a lease object that is renewed while the driver lives; one that has not been renewed for
`STALE_SECONDS` belongs to nobody. After taking it a driver waits a moment and reads it back: of
two that took it at once, the last writer has it.
"""

import _thread
import contextlib
import fcntl
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from alignet_ray.errors import LockedError
from alignet_ray.records.storage_faults import with_retries
from alignet_ray.records.store import Folder

LOCK_NAME = "logs/driver.lock"
STALE_SECONDS = 60.0
_RENEW_SECONDS = 15.0
_INSIST_SECONDS = 30.0
_SETTLE_SECONDS = 0.5


class Lock:
    """A root's lock that this driver took, and may have lost to another that found it stale."""

    def __init__(self, lost: threading.Event) -> None:
        self._lost = lost

    @property
    def is_lost(self) -> bool:
        """Whether another driver holds it now: then nothing more may be written."""
        return self._lost.is_set()


@contextlib.contextmanager
def locked(root: Folder) -> Generator[Lock]:
    """Hold the root's lock. Raises LockedError where another driver has it, or has taken it."""
    with _local_lock(root) if root.is_local else _lease(root) as lock:
        yield lock


def holder(root: Folder) -> str | None:
    """Who holds the root's lock now, or None. Writes nothing.

    On a local disk it takes a shared lock for a moment where the lock is free, because the kernel
    tells nothing to those who only ask.
    """
    if root.is_local:
        return _local_holder(root)
    held = _read_lease(root)
    is_held = held is not None and time.time() - held["renewed"] < STALE_SECONDS
    return str(held["owner"]) if held and is_held else None


def _local_holder(root: Folder) -> str | None:
    try:
        with Path(root.path(LOCK_NAME)).open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Path(root.path(LOCK_NAME)).read_text().strip() or "unknown"
    except (FileNotFoundError, PermissionError):
        return None  # nobody's, or not for us to know
    return None


def _refusal(root: Folder, owner: str) -> LockedError:
    return LockedError(
        f"another driver ({owner}) works on this root",
        "one driver at a time",
        root.place(LOCK_NAME),
        "Wait for it or stop it; a dead driver's lock frees itself.",
    )


@contextlib.contextmanager
def _local_lock(root: Folder) -> Generator[Lock]:
    path = Path(root.path(LOCK_NAME))
    with with_retries(lambda: _opened(path), root.place(LOCK_NAME)) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise _refusal(root, stream.read().strip() or "unknown") from error
        stream.truncate(0)
        stream.write(_owner())
        stream.flush()
        yield Lock(threading.Event())


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+")


def _owner() -> str:
    return f"{socket.gethostname()} pid {os.getpid()}"


@contextlib.contextmanager
def _lease(root: Folder) -> Generator[Lock]:
    token = secrets.token_hex(8)
    held = _read_lease(root)
    if held is not None and time.time() - held["renewed"] < STALE_SECONDS:
        raise _refusal(root, str(held["owner"]))
    _renew(root, token)
    time.sleep(_SETTLE_SECONDS)
    held = _read_lease(root)
    if held is None or held["token"] != token:
        raise _refusal(root, str(held["owner"]) if held else "unknown")
    stop, lost = threading.Event(), threading.Event()
    thread = threading.Thread(target=_keep, args=(root, token, stop, lost), daemon=True)
    thread.start()
    try:
        yield Lock(lost)
    except BaseException:
        if lost.is_set():
            raise _refusal(root, "one that found this lease stale") from None
        raise
    finally:
        stop.set()
        thread.join()
        held = None if lost.is_set() else _read_lease(root)
        if held is not None and held["token"] == token:
            root.delete(LOCK_NAME)


def _read_lease(root: Folder) -> dict[str, Any] | None:
    if not root.exists(LOCK_NAME):
        return None
    try:
        lease = json.loads(root.read(LOCK_NAME))
        return {name: lease[name] for name in ("token", "owner", "renewed")}
    except (ValueError, KeyError, TypeError):
        return None  # a lease that cannot be read was never fully taken


def _renew(root: Folder, token: str) -> None:
    lease = {"token": token, "owner": _owner(), "renewed": time.time()}
    root.write(LOCK_NAME, json.dumps(lease).encode())


def _keep(root: Folder, token: str, stop: threading.Event, lost: threading.Event) -> None:
    """Renew the lease until told to stop, or until another driver has taken it.

    A store that fails for a while is asked again: the lease only grows older meanwhile.
    """
    while not (lost.is_set() or stop.wait(_RENEW_SECONDS)):
        with contextlib.suppress(Exception):
            held = _read_lease(root)
            if held is not None and held["token"] != token:
                lost.set()
            else:
                _renew(root, token)
    while not stop.is_set():
        _thread.interrupt_main()  # two drivers must not go on side by side
        stop.wait(_INSIST_SECONDS)  # an interrupt that comes in a destructor is lost
