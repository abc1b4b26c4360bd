"""What can go wrong on the way to a store: what is tried again, and what is told at once.

Passing faults (network, 429, 5xx, silence) are tried again with growing waits, on top of the
retries of the store's own client, and then become a `StorageError`. Absent files, wanting rights
and full disks are told at once.
"""

import errno
import logging
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from alignet_ray.errors import StorageError

Result = TypeVar("Result")

_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.5
_SECONDS_OF_SILENCE = 60.0
_SECONDS_OF_ONE_REQUEST = 3600.0
_SECONDS_TO_CONNECT = 30.0
_CHARACTERS_SHOWN = 300
_FINAL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG, errno.EISDIR}
_FINAL_ERRORS = (
    FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError,
    StorageError,
)  # fmt: skip
_STORAGE_PACKAGES = {"aiohttp", "botocore", "gcsfs", "google", "s3fs"}
_FINAL_HTTP_CODES = {400, 401, 403, 404, 409, 412}

_LOG = logging.getLogger("alignet_ray")


def connection_options(url: str) -> dict[str, Any]:
    """What a file system of that URL is told of time: a store that has gone silent has failed.

    gcsfs alone would end any request after five minutes, a slow large file as well as a dead one.
    """
    if not url.startswith(("gs://", "gcs://")):
        return {}
    import aiohttp  # comes with gcsfs

    # gcsfs writes a traceback for each fault that it does not try again; ours are one line.
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    timeout = aiohttp.ClientTimeout(
        total=_SECONDS_OF_ONE_REQUEST,
        sock_connect=_SECONDS_TO_CONNECT,
        sock_read=_SECONDS_OF_SILENCE,
    )
    return {"session_kwargs": {"timeout": timeout}}


def _is_storage_fault(error: Exception) -> bool:
    """Whether the store or the way to it failed, and not our own code."""
    package = type(error).__module__.split(".")[0]
    is_refused = isinstance(error, ValueError) and str(error).startswith("Bad Request")  # gcsfs
    return (
        isinstance(error, OSError)
        or hasattr(error, "code")
        or package in _STORAGE_PACKAGES
        or is_refused
    )


def _is_denied(error: Exception) -> bool:
    """Whether rights are wanting; gcsfs says so by a plain OSError."""
    code = str(getattr(error, "code", ""))
    return (
        isinstance(error, PermissionError)
        or code in {"401", "403"}
        or str(error).startswith(("Forbidden", "Unauthorized"))
    )


def _has_no_credentials(error: Exception) -> bool:
    return type(error).__name__ in {"DefaultCredentialsError", "NoCredentialsError"}


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help."""
    if isinstance(error, _FINAL_ERRORS) or _is_denied(error):
        return False
    if type(error).__module__.split(".")[0] == "aiohttp":
        return True
    if getattr(error, "retryable", False):  # google.auth's word for a metadata server that is busy
        return True
    code = getattr(error, "code", None) or getattr(error, "status", None)
    if code is not None and str(code).isdigit():
        return int(code) not in _FINAL_HTTP_CODES
    return isinstance(error, OSError) and error.errno not in _FINAL_ERRNOS


def as_storage_error(error: Exception, place: str) -> StorageError:
    """The fault in one line: what it was, at which place, and what to do."""
    if isinstance(error, FileNotFoundError):
        return StorageError("not found", "an existing file or bucket", place, "Check the URL.")
    if isinstance(error, IsADirectoryError):
        return StorageError("a folder", "a file", place, "Name the file itself.")
    if isinstance(error, NotADirectoryError):
        return StorageError(
            "a file stands where a folder should", "a folder", place, "Give another place."
        )
    if _has_no_credentials(error):
        return StorageError(
            "no credentials", "credentials of the store", place,
            "On Google Cloud: `gcloud auth application-default login`, or a service account.",
        )  # fmt: skip
    if _is_denied(error):
        return StorageError("access denied", "read and write rights", place, "Check credentials.")
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageError("the disk is full", "free space", place, "Free space and run again.")
    return StorageError(
        _first_line(error), "a storage operation that succeeds", place, "Run the job again."
    )


def _first_line(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return text[:_CHARACTERS_SHOWN]


def with_retries(operation: Callable[[], Result], place: str) -> Result:
    """The operation's result; passing faults are tried again with growing waits.

    Raises StorageError, with the place, when the fault is final or stays.
    """
    wait = _FIRST_WAIT_SECONDS
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return operation()
        except StorageError:
            raise
        except Exception as error:
            if not _is_storage_fault(error):
                raise
            if attempt == _ATTEMPTS or not _is_passing(error):
                raise as_storage_error(error, place) from error
            again = f"trying again ({attempt + 1} of {_ATTEMPTS})"
            _LOG.warning("%s: %s; %s", place, _first_line(error), again)
            time.sleep(wait * random.uniform(0.5, 1.5))  # many workers, not all at once
            wait *= 2
    raise AssertionError("unreachable")
