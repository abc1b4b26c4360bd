"""Which comparisons are shown as pictures: their number grows with the square of the labels'.

Each label against its own base, then labels against the first one given, which is the reference;
of all these the first few. The others are told by their figures alone.
"""

from collections.abc import Sequence

from alignet_ray.evaluation.rows import is_own_change
from alignet_ray.records.digests import Json

MOST_PICTURED = 8


def pictured(comparisons: Sequence[Json]) -> list[Json]:
    """The comparisons that are shown as pictures, in their order."""
    reference = _reference(comparisons)
    own = [one for one in comparisons if is_own_change(one)]
    against = [one for one in comparisons if one.get("base") == reference]
    chosen = [*own, *(one for one in against if not is_own_change(one))][:MOST_PICTURED]
    return [one for one in comparisons if any(one is other for other in chosen)]


def others(comparisons: Sequence[Json]) -> list[Json]:
    """Those that are not, in their order."""
    shown = pictured(comparisons)
    return [one for one in comparisons if not any(one is other for other in shown)]


def _reference(comparisons: Sequence[Json]) -> str | None:
    """The label that the others are compared with: the first base."""
    return next((one["base"] for one in comparisons if not is_own_change(one)), None)
