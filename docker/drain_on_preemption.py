"""Drain this node when Google Cloud says that its spot machine is going, 30 s before it goes.

Ray's provider for Google Cloud does not: without this a preempted node is a node that died. The
metadata server answers a waiting request as soon as the key `preempted` has another ETag than the
request; the first one, with ETag 0, is answered at once. So nothing between two requests is missed.
"""

import http.client
import subprocess
import sys
import time
import urllib.parse
import urllib.request

PREEMPTED = "http://metadata.google.internal/computeMetadata/v1/instance/preempted"
FIRST_ETAG = "0"
_NOTICE_SECONDS = 30
_RETRY_SECONDS = 5
_WAIT_SECONDS = 600


def is_preempted(etag: str, url: str = PREEMPTED) -> tuple[bool, str]:
    """Wait until the key is no longer that of `etag`, or for some minutes.

    Whether the machine is going, and the ETag to ask with next.
    """
    asked = urllib.parse.urlencode({"wait_for_change": "true", "last_etag": etag})
    request = urllib.request.Request(f"{url}?{asked}", headers={"Metadata-Flavor": "Google"})
    try:
        with urllib.request.urlopen(request, timeout=_WAIT_SECONDS) as answer:
            return answer.read().strip() == b"TRUE", answer.headers.get("ETag", etag)
    except TimeoutError:
        return False, etag


def drain() -> int:
    """Ask the cluster to place nothing more on this node; the exit code."""
    command = [
        "ray", "drain-node",
        "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "spot machine preempted",
        "--deadline-remaining-seconds", str(_NOTICE_SECONDS),
    ]  # fmt: skip
    return subprocess.run(command).returncode


def main(url: str = PREEMPTED) -> int:
    """Wait until the machine is preempted, and drain it."""
    etag = FIRST_ETAG
    while True:
        asked = etag
        try:
            is_going, etag = is_preempted(asked, url)
            if is_going:
                return drain()
        except (OSError, http.client.HTTPException) as error:
            # Not on Google Cloud, or the server is busy or hung up: it is asked again.
            print(f"no answer from the metadata server ({error!r})", file=sys.stderr)
        if etag == asked:
            time.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
