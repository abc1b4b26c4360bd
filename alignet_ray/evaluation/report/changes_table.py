"""A table of changes after alignment, in points with intervals; folded where it is long."""

from collections.abc import Sequence

from alignet_ray.evaluation.rows import Row, is_own_change
from alignet_ray.pages.markup import Markup, element

_MOST_OPEN = 12
_UNBREAKABLE = "\N{NO-BREAK SPACE}"


def changes_table(rows: Sequence[Row], said: str) -> list[Markup]:
    """The changes between the two variants of each model; nothing where there is none.

    Rows are differences of shares, with `data` and `level`.
    """
    own = [row for row in rows if is_own_change(row)]
    if not own:
        return []
    titles = ("data", "probe", "model", "change in points", "95 % interval")
    head = element("tr", *(
        element("th", title, class_="number" if place > 2 else None)
        for place, title in enumerate(titles)
    ))  # fmt: skip
    table = element(
        "div", element("table", head, *(_line(row) for row in own)), class_="card scroll"
    )
    title = f"Change of {said}, {own[0]['from']} to {own[0]['to']}"
    if len({(row["from"], row["to"]) for row in own}) > 1:
        title = f"Change of {said} with alignment"
    if len(own) <= _MOST_OPEN:
        return [element("div", element("h3", title), class_="row-title"), table]
    return [element("details", element("summary", f"{title}: {len(own)} rows"), table)]


def _line(row: Row) -> Markup:
    low, high = ("?" if row[key] is None else f"{100 * row[key]:+z.1f}" for key in ("low", "high"))
    return element(
        "tr",
        element("td", row["data"]),
        element("td", row["level"]),
        element("td", row["label"]),
        element("td", element("b", f"{100 * row['estimate']:+z.1f}"), class_="number"),
        element("td", f"[{low},{_UNBREAKABLE}{high}]", class_="number"),
    )
