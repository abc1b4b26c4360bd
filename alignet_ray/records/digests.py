"""Canonical JSON, SHA-256, and the one sentence that refuses different settings.

Digests cover content and relative keys, never URLs, machines, counts or times, so the same run
has the same digests on a laptop's disk and in a bucket.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from alignet_ray.errors import MismatchError, RecordError

Json = dict[str, Any]

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> bytes:
    """One text per value: sorted keys, no spaces, no NaN."""
    return _ENCODER.encode(value).encode() + b"\n"


def sha256(data: bytes | memoryview) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    return sha256(canonical_json(value))


def parse_json(data: bytes, place: str) -> Json:
    """A JSON object; anything else is a RecordError that names the place."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:  # the latter where it is nested too deep
        raise RecordError(f"unreadable JSON ({error})", "a JSON object", place) from error
    if not isinstance(value, dict):
        raise RecordError(f"JSON {type(value).__name__}", "a JSON object", place)
    return value


def differences(
    found: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """(dotted field, found, wanted) wherever two nested settings differ."""
    for key in sorted({*found, *wanted}):
        left, right = found.get(key), wanted.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from differences(left, right, f"{prefix}{key}.")
        elif left != right:
            yield f"{prefix}{key}", left, right


def refuse_other_settings(
    found: Mapping[str, Any],
    wanted: Mapping[str, Any],
    place: str,
    remedy: str,
    flags: Mapping[str, str] | None = None,
) -> None:
    """Raise MismatchError naming every field in which a root differs from what is asked, by its
    flag where `flags` has one.
    """
    changed = list(differences(found, wanted))
    if changed:
        names = flags or {}
        named = ", ".join(
            f"{names.get(field, field)} {right!r} (made with {left!r})"
            for field, left, right in changed
        )
        raise MismatchError(
            f"other settings: {named}", "the settings it was made with", place, remedy
        )
