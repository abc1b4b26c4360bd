"""`results.json` of an evaluation: every figure, its settings, its models, what was left out."""

import json

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, parse_json
from alignet_ray.records.store import Folder

RESULTS_NAME = "results.json"
FORMAT_VERSION = 2


def write_results(folder: Folder, results: Json) -> None:
    """Write them for people and programs alike, keys in order. Numbers must be finite."""
    text = json.dumps(results, indent=2, sort_keys=True, allow_nan=False)
    folder.write(RESULTS_NAME, text.encode() + b"\n")


def read_results(folder: Folder) -> Json | None:
    """The results in a folder, None where there are none. Raises RecordError if broken."""
    data = folder.read_if_there(RESULTS_NAME)
    if data is None:
        return None
    place = folder.place(RESULTS_NAME)
    results = parse_json(data, place)
    if results.get("version") != FORMAT_VERSION:
        raise RecordError(
            f"version {results.get('version')}", f"results of version {FORMAT_VERSION}", place,
            "Evaluate again.",
        )  # fmt: skip
    return results
