"""What the page is made from: the results, and what is for people alone (small pictures, maps)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alignet_ray.evaluation.rows import Row, rows_of
from alignet_ray.records.digests import Json


@dataclass(frozen=True, kw_only=True)
class View:
    """Results of an evaluation; `shown` holds by part what only the page needs."""

    results: Json
    shown: Mapping[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> Json | None:
        """A part of the results, None where it was not measured."""
        return self.results["parts"].get(name)

    def rows(self, part: str, kind: str, **of: Any) -> list[Row]:
        """Rows of a part in which the named values are these."""
        return [
            own
            for own in rows_of(self.results, part, kind)
            if all(own.get(key) == value for key, value in of.items())
        ]

    @property
    def models(self) -> list[tuple[str, str]]:
        """(label, variant) of every model, in the order given."""
        return [(model["label"], model["variant"]) for model in self.results["models"]]

    @property
    def similarities(self) -> list[str]:
        """Similarities that were asked for."""
        return list(self.results["settings"]["similarities"])
