"""What a teacher's page shows, as JSON and back."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from alignet_ray.records.digests import Json
from alignet_ray.records.page_facts import read_page_facts, write_page_facts
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

Made = TypeVar("Made")


def write_facts(folder: Folder, facts: ReportFacts) -> None:
    """Write them, unless they lie there already."""
    write_page_facts(folder, asdict(facts))


def read_facts(folder: Folder) -> ReportFacts | None:
    """The facts beside a bundle, or None where there are none. Raises RecordError if broken."""
    remedy = "Delete it and fit the teacher again with the same settings."
    return read_page_facts(folder, _facts, remedy)


def _facts(record: Json) -> ReportFacts:
    return ReportFacts(
        neighbours=_made(_neighbours, record["neighbours"]),
        dimensions=_made(_dimensions, record["dimensions"]),
        curves=tuple(_curve(own) for own in record["curves"]),
        image_urls=dict(record["image_urls"]),
    )


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
