"""The page's charts: label entropy, cluster sizes by rank, elbow, how often images are drawn."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.temperature import MAX_ENTROPY
from alignet_ray.pages.markup import Markup, Number, element
from alignet_ray.pages.plot import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Frame,
    frame,
    line,
    log_ticks,
    plot,
    text,
    ticks,
)

_NUM_BINS = 22
_MOST_POINTS = 400
_BINS = ((1000, 4), (100, 5), (10, 6), (0, 9))
"""(times drawn at least, most bins): the names of wide bins need more room."""
_LOG_RATIO = 30


def entropy_histogram(entropies: Mapping[str, Float[np.ndarray, "triplets"]]) -> Markup:
    """Share of each split's sampled triplets by the entropy of their soft label, in nats.

    The first split is filled, the second an outline; its mean and ln 3 are marked.
    """
    edges = np.linspace(0, MAX_ENTROPY, _NUM_BINS + 1)
    shares = {
        name: np.histogram(np.clip(own, 0, MAX_ENTROPY), edges)[0] / len(own) * 100
        for name, own in entropies.items()
    }
    top = max(float(own.max()) for own in shares.values())
    axes = frame((0, MAX_ENTROPY * 1.02), (0, top * 1.08), "entropy of the soft label (nats)",
                 "share of triplets")  # fmt: skip
    first, *others = shares
    mean = float(entropies[first].mean())
    return plot(
        f"Histogram of label entropy; mean of {first} {mean:.3f} nats",
        axes.axes(ticks(0, MAX_ENTROPY), ticks(0, top * 1.08, 4), "%"),
        *_filled_bars(axes, edges, shares[first]),
        *(
            element("path", d=_steps(axes, edges, shares[name]), class_="outline")
            for name in others
        ),
        *_mark(axes, MAX_ENTROPY, "ln 3", "limit"),
        *_mark(axes, mean, f"mean {mean:.2f}", "mean"),
    )


def _filled_bars(
    axes: Frame, edges: Float[np.ndarray, "edges"], heights: Float[np.ndarray, "bars"]
) -> list[Markup]:
    """Bars between edges, with a hair of space between them."""
    return [
        _bar(axes, left, right, height, f"{left:.2f} to {right:.2f} nats: {height:.1f} %")
        for left, right, height in zip(edges[:-1], edges[1:], heights.tolist(), strict=True)
        if height > 0
    ]


def _bar(axes: Frame, left: Number, right: Number, height: Number, words: str) -> Markup:
    top = axes.y(height)
    return element(
        "rect", element("title", words), x=round(axes.x(left) + 0.75, 1), y=round(top, 1),
        width=round(axes.x(right) - axes.x(left) - 1.5, 1), height=round(axes.y(0) - top, 1),
        rx=1.5, class_="bar",
    )  # fmt: skip


def _steps(
    axes: Frame, edges: Float[np.ndarray, "edges"], heights: Float[np.ndarray, "bars"]
) -> str:
    corners = [(float(edges[0]), 0.0)]
    for left, right, height in zip(edges[:-1], edges[1:], heights.tolist(), strict=True):
        corners += [(float(left), height), (float(right), height)]
    return axes.path([*corners, (float(edges[-1]), 0.0)])


def _mark(axes: Frame, value: Number, words: str, class_: str) -> list[Markup]:
    """A vertical line with words at its head, kept inside the plot."""
    x = axes.x(value)
    anchor = "end" if x > WIDTH * 0.8 else "start" if x < WIDTH * 0.2 else "middle"
    return [
        line((x, TOP - 4), (x, HEIGHT - BOTTOM), class_),
        text(min(x, WIDTH - RIGHT), TOP - 9, words, f"{class_}-words", anchor),
    ]


def rank_curve(sizes: Int[np.ndarray, "clusters"], least: int | None) -> Markup:
    """Sizes of the clusters from the largest to the smallest; `least` images make one eligible."""
    ordered = np.sort(sizes)[::-1]
    filled = ordered[ordered > 0]
    largest, smallest = (int(filled[0]), int(filled[-1])) if len(filled) else (1, 1)
    bottom = min(smallest, least or smallest)
    is_log = largest / bottom > _LOG_RATIO
    low, high = (max(0.8 * bottom, 0.7), largest * 1.15) if is_log else (0.0, largest * 1.08)
    axes = frame((1, max(2, len(ordered))), (low, high), "rank of the cluster",
                 "images", is_log_y=is_log)  # fmt: skip
    points = _thinned(filled)
    area = axes.path([(points[0][0], low), *points, (points[-1][0], low)]) if points else ""
    y_ticks = log_ticks(low, high) if is_log else ticks(low, high, 5)
    x_ticks = [1.0, *(tick for tick in ticks(1, len(ordered), 5) if tick > 1)]
    return plot(
        f"Cluster sizes by rank: largest {largest:,}, smallest {smallest:,} images",
        axes.axes(x_ticks, y_ticks),
        element("path", d=area, class_="area"),
        element("path", d=axes.path(points), class_="curve"),
        *(_threshold(axes, least) if least else ()),
    )


def _thinned(sizes: Int[np.ndarray, "clusters"]) -> list[tuple[float, float]]:
    """(rank, size) of all, or of evenly spread ranks where there are very many."""
    ranks = np.unique(np.rint(np.linspace(0, len(sizes) - 1, min(_MOST_POINTS, len(sizes)))))
    return [(rank + 1.0, float(sizes[int(rank)])) for rank in ranks.tolist()]


def _threshold(axes: Frame, least: int) -> list[Markup]:
    y = axes.y(least)
    return [
        line((LEFT, y), (WIDTH - RIGHT, y), "limit"),
        text(LEFT + 8, y - 6, f"eligible: K = {least} or more", "limit-words", "start"),
    ]


def elbow_curve(points: Sequence[tuple[int, float]], chosen: int) -> Markup:
    """Inertia against the number of clusters c, the chosen c marked."""
    ordered = [(float(c), float(inertia)) for c, inertia in sorted(points)]
    top = max(inertia for _, inertia in ordered)
    least = min(c for c, _ in ordered)
    axes = frame((least, max(c for c, _ in ordered)), (0, top * 1.08), "number of clusters c",
                 "inertia (mean squared distance)")  # fmt: skip
    return plot(
        f"Inertia against the number of clusters; chosen {chosen}",
        axes.axes(ticks(least, ordered[-1][0], 5), ticks(0, top * 1.08, 4)),
        *_mark(axes, chosen, f"c = {chosen}", "mean"),
        element("path", d=axes.path(ordered), class_="curve"),
        *(
            element("circle", element("title", f"c = {c:g}: {inertia:.4g}"), cx=round(axes.x(c), 1),
                    cy=round(axes.y(inertia), 1), r=4 if c != chosen else 6, class_="point")
            for c, inertia in ordered
        ),
    )  # fmt: skip


def draws_chart(images_by_draws: Int[np.ndarray, "counts"]) -> Markup:
    """Share of images that were drawn 0, 1, 2, ... times, in few bars; 0 has its own."""
    total = int(images_by_draws.sum())
    bars = [(name, number / total * 100) for name, number in draw_bins(images_by_draws)]
    top = 1.12 * max(height for _, height in bars)
    axes = frame((-0.6, len(bars) - 0.4), (0, top), "times drawn", "share of images")
    return plot(
        "How often images are drawn",
        axes.axes([], ticks(0, top, 4), "%"),
        *(
            _bar(axes, i - 0.4, i + 0.4, height, f"drawn {name} times: {height:.1f} % of images")
            for i, (name, height) in enumerate(bars)
        ),
        *(text(axes.x(i), HEIGHT - BOTTOM + 18, bar[0], "tick") for i, bar in enumerate(bars)),
    )


def draw_bins(images_by_draws: Int[np.ndarray, "counts"]) -> list[tuple[str, int]]:
    """(times drawn, images): 0, then single counts or equal runs of them, as many as have room."""
    most = len(images_by_draws) - 1
    width = -(-most // next(bins for least, bins in _BINS if most >= least)) or 1
    bins = [("0", int(images_by_draws[0]))]
    for first in range(1, most + 1, width):
        last = first + width - 1
        name = f"{first}" if width == 1 else f"{first}-{last}"
        bins.append((name, int(images_by_draws[first : last + 1].sum())))
    return bins
