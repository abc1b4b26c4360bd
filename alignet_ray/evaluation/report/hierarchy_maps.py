"""Superordinate categories as heat maps, images in the plane of their first components."""

import math
from collections.abc import Iterator

import numpy as np

from alignet_ray.evaluation.hierarchy.part import PART
from alignet_ray.evaluation.report.lanes import FIRST
from alignet_ray.evaluation.report.view import View
from alignet_ray.pages.markup import Markup, element, share
from alignet_ray.pages.matrices import MATRICES_STYLE, matrix_legend, matrix_map
from alignet_ray.pages.plot import frame, plot, ticks
from alignet_ray.pages.scatter import SCATTER_STYLE, scatter, scatter_legend
from alignet_ray.records.digests import Json

MAPS_STYLE = (
    MATRICES_STYLE
    + SCATTER_STYLE
    + """\
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(290px, 100%), 1fr));
  gap: 20px 28px; margin-top: 16px; align-items: start; }
.maps figcaption { color: var(--soft); font-size: .9rem; margin-bottom: 6px; }
.said { margin: 14px 0 18px; padding-left: 1.2em; max-width: 84ch; }
.said li { margin-top: 6px; }
.plot .curve.base { stroke: var(--odd); } .legend i.base { background: var(--odd); }
.maps .plot .tick { font-size: 17px; } .maps .plot .title { font-size: 16px; }
"""
)
_MOST_TICKS = 5
_MOST_PERCENT = 98


def heat_block(view: View) -> list[Markup]:
    """For each label its maps side by side, and the change where there is a before and after."""
    shown: Json = view.shown.get(PART, {}).get("heat_maps", {})
    maps = shown.get("maps", [])
    if not maps:
        return []
    matrices = {(own["label"], own["variant"]): _matrix(own["distances"]) for own in maps}
    reach = _reach([*matrices.values()])
    more = f" The {shown['num_left_out']:,} smaller ones are not shown." * bool(
        shown["num_left_out"]
    )
    cards = [
        element("div", element("h3", label), element("div", *figures, class_="maps"), class_="card")
        for label in dict.fromkeys(own["label"] for own in maps)
        for figures in [
            list(_heat_figures(label, shown["names"], matrices, reach))
        ]
    ]  # fmt: skip
    return [
        element("h2", "Which categories are near each other?", class_="below"),
        element(
            "p",
            "Mean distance between the images of two superordinate categories, and on the "
            "diagonal inside one. Rows and columns have one order in all maps, in which near "
            f"categories are neighbours.{more}",
            class_="lead",
        ),
        matrix_legend(f"nearer, {-reach:.1f} or less", "mean", f"farther, {reach:+.1f} or more"),
        *cards,
    ]


def _heat_figures(
    label: str, names: list[str], matrices: dict[tuple[str, str], np.ndarray], reach: float
) -> Iterator[Markup]:
    own = {variant: matrix for (of, variant), matrix in matrices.items() if of == label}
    for variant, matrix in own.items():
        said = f"distances between superordinate categories, {label} {variant}"
        yield _figure(variant, matrix_map(matrix, names, reach, said))
    if len(own) == 2:
        before, after = own.values()
        change = after - before
        ends = _reach([change])
        said = f"change of distances between superordinate categories, {label}"
        words = f"change, colours reach {ends:.2f} to both sides"
        yield _figure(words, matrix_map(change, names, ends, said))


def planes_block(view: View) -> list[Markup]:
    """For each label its images in a plane, and how much each component explains."""
    shown: Json = view.shown.get(PART, {}).get("planes", {})
    planes = shown.get("planes", [])
    if not planes:
        return []
    part = view.part(PART) or {}
    others = "other categories" if -1 in shown["categories"] else ""
    cards: list[Markup] = []
    for label in dict.fromkeys(own["label"] for own in planes):
        figures = [
            _figure(own["variant"], _plane(own, shown["categories"]))
            for own in planes
            if own["label"] == label
        ]
        curves = [own for own in part["explained"] if own["label"] == label]
        figures.append(_curves_figure(label, curves))
        maps = element("div", *figures, class_="maps")
        cards.append(element("div", element("h3", label), maps, class_="card"))
    return [
        element("h2", "What fills its space?", class_="below"),
        element(
            "p",
            "Images on the two principal components that hold most of the variance, coloured by "
            "superordinate category; and the share of the variance that each of the first "
            "components holds.",
            class_="lead",
        ),
        scatter_legend(shown["names"], others),
        *cards,
    ]


def _plane(own: Json, categories: list[int]) -> Markup:
    titles = [
        f"{which} component, {share(explained)} of the variance"
        for which, explained in zip(("first", "second"), own["explained"], strict=False)
    ]
    titles += [""] * (2 - len(titles))
    points = [(x, y) for x, y in own["points"]]
    said = f"images on the first two components, {own['label']} {own['variant']}"
    return scatter(points, categories, titles[0], titles[1], said)


def _curves_figure(label: str, curves: list[Json]) -> Markup:
    keys = [
        element(
            "span",
            element("i", class_="base" if own["variant"] in FIRST else None),
            f"{own['variant']} {share(min(1.0, math.fsum(own['shares'])))}",
        )
        for own in curves
    ]
    num = max(len(own["shares"]) for own in curves)
    return element(
        "figure",
        element("figcaption", f"variance that the first {num:,} components hold"),
        element("p", *keys, class_="legend"),
        _curves(label, curves),
    )


def _curves(label: str, curves: list[Json]) -> Markup:
    num = max(len(own["shares"]) for own in curves)
    most = 100 * max((own["shares"][0] for own in curves), default=0.0) or 1.0
    area = frame((1, max(num, 2)), (0, 1.05 * most), "component", "share of the variance, %")
    lines = [
        element(
            "path",
            d=area.path([(n, 100 * own_share) for n, own_share in enumerate(own["shares"], 1)]),
            class_="curve base" if own["variant"] in FIRST else "curve",
        )
        for own in curves
    ]
    grid = area.axes([1, *ticks(5, num, 6)] if num > 5 else [1, num], ticks(0, most, _MOST_TICKS))
    return plot(f"share of the variance by component, {label}", grid, *lines)


def _matrix(rows: list[list[float | None]]) -> np.ndarray:
    return np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=np.float64)


def _reach(matrices: list[np.ndarray]) -> float:
    """What the colours reach to both sides of 0: all but the few largest entries."""
    sizes = np.abs(np.concatenate([own.ravel() for own in matrices]))
    sizes = sizes[np.isfinite(sizes)]
    return float(np.percentile(sizes, _MOST_PERCENT)) if len(sizes) else 0.0


def _figure(caption: str, picture: Markup) -> Markup:
    return element("figure", element("figcaption", caption), picture)
