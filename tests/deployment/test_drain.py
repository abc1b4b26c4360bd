"""The watcher for preemption, against a small server that answers as the metadata server does."""

import importlib.util
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docker" / "drain_on_preemption.py"
HANG_UP = "hang up"


@pytest.fixture
def watcher(monkeypatch):
    """The script as a module; draining only returns 7, and nothing is waited for."""
    spec = importlib.util.spec_from_file_location("drain_on_preemption", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "drain", lambda: 7)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0)
    return module


@pytest.fixture
def serve():
    """Serves answers (status, ETag, text), one a request; returns the URL and what was asked."""
    servers = []

    def start(*answers):
        asked, left = [], list(answers)

        class Metadata(BaseHTTPRequestHandler):
            def do_GET(self):
                assert self.headers["Metadata-Flavor"] == "Google"
                asked.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
                answer = left.pop(0)
                if answer == HANG_UP:
                    return  # the connection ends without an answer: RemoteDisconnected
                status, etag, text = answer
                self.send_response(status)
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/preempted", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_it_asks_from_the_start_and_then_from_the_last_answer(watcher, serve):
    url, asked = serve((200, "a1", "FALSE"), (200, "b/2", "FALSE"), (200, "c3", "TRUE\n"))
    assert watcher.main(url) == 7
    assert [own["last_etag"] for own in asked] == ["0", "a1", "b/2"]
    assert {own["wait_for_change"] for own in asked} == {"true"}


def test_a_machine_that_is_going_before_the_first_request_is_drained(watcher, serve):
    url, asked = serve((200, "a1", "TRUE"))
    assert watcher.main(url) == 7
    assert len(asked) == 1


def test_a_server_that_hangs_up_or_is_busy_is_asked_again(watcher, serve, capsys):
    url, asked = serve(
        (200, "a1", "FALSE"), HANG_UP, (503, "x", "busy"), (200, "a1", "FALSE"), (200, "b", "TRUE")
    )
    assert watcher.main(url) == 7
    assert [own["last_etag"] for own in asked] == ["0", "a1", "a1", "a1", "a1"]
    said = capsys.readouterr().err
    assert "RemoteDisconnected" in said
    assert "503" in said


def test_a_request_that_waits_too_long_is_made_again(watcher, monkeypatch):
    answers = iter([TimeoutError(), ConnectionResetError("reset")])

    def refuse(*_, **__):
        raise next(answers)

    monkeypatch.setattr(watcher.urllib.request, "urlopen", refuse)
    assert watcher.is_preempted("a1") == (False, "a1")
    with pytest.raises(ConnectionResetError):
        watcher.is_preempted("a1")
