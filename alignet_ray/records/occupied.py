"""Whose folder an `--output` is: what another job wrote there is never overwritten.

A run, a teacher, a student and an evaluation each have a report and logs of the same names, so that
two of them in one folder would take each other's.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError, StorageError
from alignet_ray.records.evaluation import RESULTS_NAME
from alignet_ray.records.run import CONFIG_NAME
from alignet_ray.records.store import Folder
from alignet_ray.records.student import STUDENT_NAME
from alignet_ray.records.teacher_bundle import BUNDLE_NAME

Kind = Literal["run", "teacher bundle", "student", "evaluation"]

_MARKS: dict[Kind, tuple[str, bytes]] = {
    "run": (CONFIG_NAME, b"digests:"),
    "teacher bundle": (BUNDLE_NAME, b"transform_sha256"),
    "student": (STUDENT_NAME, b"aligned"),
    "evaluation": (RESULTS_NAME, b"version"),
}
"""The file that tells each kind, and a word in it: others have a `config.yaml` too."""
_CLOSED: tuple[Kind, ...] = ("run", "teacher bundle")
"""Kinds that nothing may lie in; to keep an evaluation inside its student is no fault."""


def refuse_occupied(output: str, own: Kind, inputs: Iterable[str] = ()) -> None:
    """Raise ConfigError where an output folder is another kind's, lies in a run or a teacher, or
    is one of the job's inputs, lies in one or holds one. Writes nothing.
    """
    url = absolute_url(output)
    for given in map(absolute_url, inputs):
        words = _relation(url, given)
        if words is not None:
            raise _refusal(own, url, f"{words} {given}, which this job reads")
    for kind in get_args(Kind):
        if kind != own and _is(kind, Folder(url)):
            raise _refusal(own, url, f"holds {_with_article(kind)}")
    for above in _above(url):
        for kind in _CLOSED:
            if _is_known(kind, Folder(above)):
                raise _refusal(own, url, f"lies in the {kind} {above}")


def refuse_no_folder(output: str) -> None:
    """Raise ConfigError where a folder of this disk cannot be there: a file is, or rights are
    wanting. Writes nothing.
    """
    folder = Folder(absolute_url(output))
    if not folder.is_local:
        return
    path = Path(folder.path("").rstrip("/") or "/")
    there = next(own for own in (path, *path.parents) if os.path.lexists(own))
    if not there.is_dir():
        value = f"{there} is no folder"
    elif not os.access(there, os.W_OK | os.X_OK):
        value = f"{there} may not be written to"
    else:
        return
    raise ConfigError(
        value, "a folder, or a place for a new one", "--output", "Give another --output."
    )


def _relation(url: str, other: str) -> str | None:
    if url == other:
        return "is"
    if url.startswith(f"{other}/"):
        return "lies in"
    return "holds" if other.startswith(f"{url}/") else None


def _refusal(own: Kind, url: str, value: str) -> ConfigError:
    expectation = f"a folder of the {own}'s own"
    return ConfigError(value, expectation, url, "Give another --output.")


def _with_article(kind: Kind) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _is(kind: Kind, folder: Folder) -> bool:
    name, word = _MARKS[kind]
    return word in (folder.read_if_there(name) or b"")


def _is_known(kind: Kind, folder: Folder) -> bool:
    """Whether a folder is seen to be of a kind; one that may not be read is not for us to judge."""
    try:
        return _is(kind, folder)
    except StorageError:
        return False


def _above(url: str) -> Iterator[str]:
    """The folders that a folder lies in, the nearest first; of a bucket, down to its name."""
    scheme, mark, path = url.rpartition("://")
    while "/" in path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0]
        yield f"{scheme}{mark}{path}"
