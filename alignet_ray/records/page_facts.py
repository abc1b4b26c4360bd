"""`report/facts.json`: what a page shows that only its job knows, so that it can be made again.

It may hold URLs and small pictures and is for people: no digest covers it.
"""

from collections.abc import Callable
from typing import TypeVar

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json
from alignet_ray.records.store import Folder

FACTS_NAME = "report/facts.json"

Made = TypeVar("Made")


def write_page_facts(folder: Folder, facts: Json) -> None:
    """Write them, unless they lie there already."""
    data = canonical_json(facts)
    if folder.read_if_there(FACTS_NAME) != data:
        folder.write(FACTS_NAME, data)


def read_page_facts(folder: Folder, make: Callable[[Json], Made], remedy: str) -> Made | None:
    """What `make` makes of the facts in a folder, or None where there are none.

    Raises RecordError, with what to do about it, where they are broken.
    """
    data = folder.read_if_there(FACTS_NAME)
    if data is None:
        return None
    place = folder.place(FACTS_NAME)
    record = parse_json(data, place)
    try:
        return make(record)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"a record that lacks {error}", "facts of a report", place, remedy
        ) from error
