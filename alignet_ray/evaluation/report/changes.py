"""Differences of a label's own two variants, apart from those between labels."""

from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import DIFFERENCES, Row, is_own_change


def own_changes(view: View, part: str, measure: str) -> list[Row]:
    """Rows from a label's base to what became of it, in the order of the results."""
    rows = view.rows(part, DIFFERENCES, measure=measure)
    return [own for own in rows if is_own_change(own)]
