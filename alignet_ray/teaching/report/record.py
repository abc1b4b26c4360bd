"""`report/facts.json`: what was chosen to be shown, so that the page can be made again.

It holds URLs of pictures and is for people: no digest covers it.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json
from alignet_ray.records.store import Folder
from alignet_ray.teaching.report.facts import (
    Curve,
    DimensionFacts,
    DimensionStrip,
    NeighbourFacts,
    NeighbourRow,
    ReportFacts,
    SharedNeighbours,
)

FACTS_NAME = "report/facts.json"

Made = TypeVar("Made")


def write_facts(folder: Folder, facts: ReportFacts) -> None:
    """Write them, unless they lie there already."""
    data = canonical_json(asdict(facts))
    if folder.read_if_there(FACTS_NAME) != data:
        folder.write(FACTS_NAME, data)


def read_facts(folder: Folder) -> ReportFacts | None:
    """The facts beside a bundle, or None where there are none. Raises RecordError if broken."""
    data = folder.read_if_there(FACTS_NAME)
    if data is None:
        return None
    place = folder.place(FACTS_NAME)
    record = parse_json(data, place)
    try:
        return ReportFacts(
            neighbours=_made(_neighbours, record["neighbours"]),
            dimensions=_made(_dimensions, record["dimensions"]),
            curves=tuple(_curve(own) for own in record["curves"]),
            image_urls=dict(record["image_urls"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        remedy = "Delete it and fit the teacher again with the same settings."
        raise RecordError(
            f"a record that lacks {error}", "facts of a report", place, remedy
        ) from error


def _made(make: Callable[[Json], Made], record: Json | None) -> Made | None:
    return None if record is None else make(record)


def _neighbours(record: Json) -> NeighbourFacts:
    fields: dict[str, Any] = dict(record)
    fields["shared"] = tuple(SharedNeighbours(**own) for own in record["shared"])
    for name in ("most_changed", "random"):
        fields[name] = tuple(map(_row, record[name]))
    return NeighbourFacts(**fields)


def _row(record: Json) -> NeighbourRow:
    return NeighbourRow(**_with_tuples(record))


def _dimensions(record: Json) -> DimensionFacts:
    fields: dict[str, Any] = dict(record)
    fields["strips"] = tuple(DimensionStrip(**_with_tuples(own)) for own in record["strips"])
    return DimensionFacts(**fields)


def _curve(record: Json) -> Curve:
    return Curve(**_with_tuples(record))


def _with_tuples(record: Json) -> dict[str, Any]:
    return {key: tuple(own) if isinstance(own, list) else own for key, own in record.items()}
