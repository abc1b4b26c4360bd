"""Drain this node when Google Cloud says that its spot machine is going, 30 s before it goes.

Ray's provider for Google Cloud does not: without this a preempted node is a node that died. The
metadata server answers a waiting request as soon as the key `preempted` changes.
"""

import subprocess
import sys
import time
import urllib.error
import urllib.request

PREEMPTED = (
    "http://metadata.google.internal/computeMetadata/v1/instance/preempted?wait_for_change=true"
)
_NOTICE_SECONDS = 30
_RETRY_SECONDS = 5
_WAIT_SECONDS = 600


def is_preempted(url: str = PREEMPTED) -> bool:
    """Wait for the key to change, or for some minutes; whether the machine is going."""
    request = urllib.request.Request(url, headers={"Metadata-Flavor": "Google"})
    try:
        with urllib.request.urlopen(request, timeout=_WAIT_SECONDS) as answer:
            return answer.read().strip() == b"TRUE"
    except TimeoutError:
        return False


def drain() -> int:
    """Ask the cluster to place nothing more on this node; the exit code."""
    command = [
        "ray", "drain-node",
        "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "spot machine preempted",
        "--deadline-remaining-seconds", str(_NOTICE_SECONDS),
    ]  # fmt: skip
    return subprocess.run(command).returncode


def main() -> int:
    """Wait until the machine is preempted, and drain it."""
    while True:
        try:
            if is_preempted():
                return drain()
        except urllib.error.URLError as error:
            # Not on Google Cloud, or the server is busy: it is asked again.
            print(f"no answer from the metadata server ({error.reason})", file=sys.stderr)
            time.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
