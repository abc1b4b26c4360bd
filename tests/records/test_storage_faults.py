"""What gcsfs makes of a store's answers, and we of gcsfs: a real server, a real client."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from alignet_ray.errors import StorageError
from alignet_ray.records import storage_faults
from alignet_ray.records.storage_faults import with_retries

OBJECT = b'{"name": "run/a", "size": "1"}'


class Store(BaseHTTPRequestHandler):
    """Answers with the status that stands in the bucket's name; `silent` says nothing once."""

    has_been_silent = threading.Event()

    def _answer(self) -> None:
        if "silent" in self.path and not self.has_been_silent.is_set():
            self.has_been_silent.set()
            time.sleep(2)
            return
        code = next((c for c in (401, 403, 404) if f"status{c}" in self.path), 200)
        body = OBJECT
        if code != 200:
            body = json.dumps({"error": {"code": code, "message": "said the store"}}).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


ASK = """
import sys
from alignet_ray.errors import StorageError
from alignet_ray.records import storage_faults
from alignet_ray.records.store import Folder
storage_faults._SECONDS_OF_SILENCE = 0.5
for bucket in sys.argv[1:]:
    for ask in (lambda f: f.read("a"), lambda f: f.exists("a"), lambda f: f.write("a", b"x")):
        try:
            print(ask(Folder.at(f"gs://{bucket}/run")))
        except StorageError as error:
            print(error)
"""


def ask(address: str, *buckets: str) -> list[str]:
    """What reading, looking and writing in each bucket comes to, in a process of its own."""
    environment = {
        **os.environ,
        "STORAGE_EMULATOR_HOST": address,
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        "NO_GCE_CHECK": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK, *buckets], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # one line each, and no traceback beside it
    return done.stdout.splitlines()


def test_wanting_rights_and_buckets_are_one_line_each(address: str) -> None:
    denied = (
        "gs://status403/run/a: access denied; expected read and write rights. Check credentials."
    )
    absent = "gs://status404/run/a: not found; expected an existing file or bucket. Check the URL."
    said = ask(address, "status403", "status404")
    assert said == [denied, denied, denied, absent, "False", absent]


def test_a_store_that_goes_silent_is_asked_again(address: str) -> None:
    assert ask(address, "silent")[0] == str(OBJECT)


def test_a_fault_that_is_tried_again_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_faults, "_FIRST_WAIT_SECONDS", 0.001)

    def fails() -> None:
        raise ConnectionResetError("the line\nbroke")

    with caplog.at_level(logging.WARNING), pytest.raises(StorageError, match="the line"):
        with_retries(fails, "gs://b/x")
    assert caplog.messages[0] == ("gs://b/x: ConnectionResetError: the line; trying again (2 of 5)")
    assert len(caplog.messages) == 4


def test_no_credentials_are_said_as_such() -> None:
    from google.auth.exceptions import DefaultCredentialsError, TransportError

    def has_none() -> None:
        raise DefaultCredentialsError("Your default credentials were not found. And much more.")

    with pytest.raises(StorageError, match=r"gs://b/x: no credentials; .*application-default"):
        with_retries(has_none, "gs://b/x")
    calls: list[int] = []

    def is_busy() -> str:
        calls.append(1)
        if len(calls) < 2:
            raise TransportError("metadata server", retryable=True)
        return "there"

    assert with_retries(is_busy, "gs://b/x") == "there"
