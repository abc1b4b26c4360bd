"""Finished pieces of a search on disk: `selection/<kind>-<digest>.json`, each written once.

The digest is that of everything the piece depends on, so a search that was stopped or made wider
finds its finished pieces, and one with other data or settings never takes them for its own.
"""

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, digest, parse_json
from alignet_ray.records.store import Folder

SELECTION_FOLDER = "selection"

_DIGEST_LETTERS = 16


def cell_name(kind: str, identity: Json) -> str:
    """File name of the piece that depends on these things."""
    return f"{kind}-{digest(identity)[:_DIGEST_LETTERS]}.json"


def read_cell(folder: Folder, kind: str, identity: Json) -> Json | None:
    """What was found, or None where it is not there. Raises RecordError for a broken file."""
    name = cell_name(kind, identity)
    data = folder.read_if_there(name)
    if data is None:
        return None
    place = folder.place(name)
    record = parse_json(data, place)
    if record.get("identity") != identity or "result" not in record:
        raise RecordError(
            "another piece of a search than its name says", "the file as it was written", place,
            "Delete it and run the job again.",
        )  # fmt: skip
    return record["result"]


def write_cell(folder: Folder, kind: str, identity: Json, result: Json) -> None:
    """Keep a finished piece."""
    record = {"identity": identity, "result": result}
    folder.write(cell_name(kind, identity), canonical_json(record))
