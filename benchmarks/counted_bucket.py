"""A bucket of the emulator behind a proxy that counts what the store is asked for."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path

BUCKET = "gs://alignet-benchmark"
CLASS_A, CLASS_B = ("insert", "list"), ("read", "metadata")
"""Google's dearer operations and its cheaper ones; deletions cost nothing."""

Operations = dict[str, float]
_PROXY = Path(__file__).resolve().parents[1] / "tests" / "end_to_end" / "faulty_store.py"
_START_SECONDS = 60.0


@contextlib.contextmanager
def counted_bucket() -> Generator[Callable[[], Operations]]:
    """The bucket, for this process and those that it starts; yields what counts so far."""
    store, proxy = _free_port(), _free_port()
    emulator = Path(sys.executable).parent / "gcp-storage-emulator"
    bucket = BUCKET.removeprefix("gs://")
    with (
        _serving(store, emulator, "start", "--host", "127.0.0.1", "--port", store,
                 "--in-memory", "--default-bucket", bucket),
        _serving(proxy, sys.executable, _PROXY, "--port", proxy, "--rate", "0",
                 "--upstream", f"http://127.0.0.1:{store}"),
    ):  # fmt: skip
        os.environ.update(
            STORAGE_EMULATOR_HOST=f"http://127.0.0.1:{proxy}",
            GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT="false",
            NO_GCE_CHECK="true",
        )
        yield lambda: json.load(urllib.request.urlopen(f"http://127.0.0.1:{proxy}/operations"))


@contextlib.contextmanager
def _serving(port: int, *command: object) -> Generator[None]:
    """A server that answers at a port, ended with the block."""
    silent = subprocess.DEVNULL
    process = subprocess.Popen(list(map(str, command)), stdout=silent, stderr=silent)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            assert time.monotonic() < deadline, f"nothing answers at port {port}"
            time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
