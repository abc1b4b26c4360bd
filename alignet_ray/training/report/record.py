"""Triplets that a student's page shows, as JSON and back, so that it needs no model."""

import base64
from dataclasses import dataclass
from typing import Any

from alignet_ray.pages.pictures import Picture
from alignet_ray.records.digests import Json
from alignet_ray.records.page_facts import read_page_facts, write_page_facts
from alignet_ray.records.store import Folder

Three = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class ShownTriplet:
    """Three pictures, and pair probabilities in pair order: the teacher's, the student's."""

    strategy: str
    pictures: tuple[Picture, Picture, Picture]
    teacher: Three
    before: Three
    after: Three


@dataclass(frozen=True, kw_only=True)
class StudentFacts:
    """What only training knows: the places of its runs, and triplets before and after.

    Of `looked_at` validation triplets the student's choice came to agree with the teacher's on
    `towards`, and ceased to on `away`; some of them are `triplets`.
    """

    runs: tuple[str, ...]
    looked_at: int
    towards: int
    away: int
    triplets: tuple[ShownTriplet, ...]


def write_facts(folder: Folder, facts: StudentFacts) -> None:
    """Write them, unless they lie there already."""
    record = {**vars(facts), "triplets": [_triplet_record(own) for own in facts.triplets]}
    write_page_facts(folder, record)


def read_facts(folder: Folder) -> StudentFacts | None:
    """The facts beside a student, or None where there are none. Raises RecordError if broken."""
    return read_page_facts(folder, _facts, "Delete it: the report goes without pictures.")


def _facts(record: Json) -> StudentFacts:
    fields: dict[str, Any] = dict(record)
    fields["triplets"] = tuple(_triplet(own) for own in record["triplets"])
    fields["runs"] = tuple(record["runs"])
    return StudentFacts(**fields)


def _triplet_record(triplet: ShownTriplet) -> Json:
    return {**vars(triplet), "pictures": [_picture_record(own) for own in triplet.pictures]}


def _picture_record(picture: Picture) -> Json:
    data = None if picture.data is None else base64.b64encode(picture.data).decode()
    return {**vars(picture), "data": data}


def _triplet(record: Json) -> ShownTriplet:
    fields: dict[str, Any] = {
        key: tuple(own) if isinstance(own, list) else own for key, own in record.items()
    }
    fields["pictures"] = tuple(_picture(own) for own in record["pictures"])
    return ShownTriplet(**fields)


def _picture(record: Json) -> Picture:
    fields: dict[str, Any] = dict(record)
    fields["data"] = None if record["data"] is None else base64.b64decode(record["data"])
    return Picture(**fields)
