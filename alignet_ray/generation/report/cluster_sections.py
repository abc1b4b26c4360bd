"""The clusters: how large they are, the elbow, and contact sheets of some of them."""

from collections.abc import Iterator

import numpy as np

from alignet_ray.generation.report.charts import elbow_curve, rank_curve
from alignet_ray.generation.report.counting import ClusterSizes
from alignet_ray.generation.report.facts import Facts
from alignet_ray.generation.report.sheets import Sheet
from alignet_ray.pages.markup import (
    Markup,
    count,
    counted,
    element,
    share,
    shortened,
)
from alignet_ray.pages.parts import fact
from alignet_ray.pages.thumbnails import thumbnail


def clusters_section(facts: Facts) -> Markup | None:
    """Sizes, elbow and contact sheets; None for a run without clusters."""
    sizes, index = facts.sizes, facts.run.cluster_index
    if sizes is None or index is None:
        return None
    elbow: list[tuple[int, float]] = [(int(c), float(i)) for c, i in index["elbow_curve"]]
    num_clustered = facts.run.layout.num_rows - facts.rejects.total
    return element(
        "section",
        element("h2", "Clusters"),
        element(
            "p",
            f"k-means put {count(num_clustered)} images into {count(facts.run.num_clusters)} "
            "clusters by the teacher's embeddings; their mean squared distance to the centroid "
            f"(inertia) is {index['inertia']:.5g}.",
            class_="lead",
        ),
        element(
            "div",
            _size_card(sizes, facts.least_cluster_size),
            *([_elbow_card(elbow, facts)] if elbow else []),
            _figures_card(sizes, facts),
            class_="two",
        ),
        *_sheets(facts, sizes),
    )


def _size_card(sizes: ClusterSizes, least: int | None) -> Markup:
    said = "Images of all splits."
    if sizes.is_sample:
        said = (
            f"Counted in a seeded sample of {count(sizes.num_parts)} of {count(sizes.of_parts)} "
            "parts of the table: sizes are those of the sample."
        )
    return element(
        "div",
        element("h3", "Cluster sizes, from the largest to the smallest"),
        rank_curve(sizes.sizes, least),
        element("p", said, class_="note"),
        class_="card",
    )


def _elbow_card(elbow: list[tuple[int, float]], facts: Facts) -> Markup:
    return element(
        "div",
        element("h3", "Elbow"),
        elbow_curve(elbow, facts.run.num_clusters),
        element(
            "p", "Inertia of the fits that were tried; the chosen one is marked.", class_="note"
        ),
        class_="card",
    )


def _figures_card(sizes: ClusterSizes, facts: Facts) -> Markup:
    figures = [
        fact(name, value) for name, value in cluster_figures(sizes, facts.least_cluster_size)
    ]
    strategy = facts.splits[0].manifest.strategy
    said = (
        f"The strategy {strategy} does not draw from clusters."
        if facts.least_cluster_size is None
        else "An image of a cluster with fewer than K images is never drawn into a training block "
        "of K; fewer clusters or a smaller K would reach it."
    )
    return element(
        "div",
        element("h3", "In numbers"),
        element("dl", *figures, class_="facts"),
        element("p", said, class_="note"),
        class_="card",
    )


def cluster_figures(sizes: ClusterSizes, least: int | None) -> Iterator[tuple[str, str]]:
    """(name, figure) of what the sizes say; `least` images make a cluster eligible."""
    own = sizes.sizes
    filled, total = own[own > 0], int(own.sum())
    if len(filled):
        yield "largest", f"{counted(int(filled.max()), 'image')}, {share(filled.max() / total)}"
        yield "median of those with images", f"{np.median(filled):,.3g} images"
        yield "smallest with images", counted(int(filled.min()), "image")
    yield "empty", counted(len(own) - len(filled), "cluster")
    if least is not None and len(filled):
        tiny = filled[filled < least]
        reached = 1 - int(tiny.sum()) / total
        yield f"tiny, fewer than K = {least}", counted(len(tiny), "cluster")
        yield "eligible", counted(len(filled) - len(tiny), "cluster")
        yield "images in eligible clusters", share(reached)


def _sheets(facts: Facts, sizes: ClusterSizes) -> Iterator[Markup]:
    filled = int((sizes.sizes > 0).sum())
    if not facts.sheets:
        return
    which = (
        "All of them"
        if len(facts.sheets) == filled
        else f"{len(facts.sheets)} of {count(filled)}: the largest, the smallest, some others"
    )
    said = f"{which}. Each shows the images nearest to its centroid, nearest first"
    yield element("h3", "Contact sheets", style="margin-top: 36px")
    yield element("p", f"{said}{_labelled(facts)}.", class_="lead")
    total = int(sizes.sizes.sum())
    yield element("div", *(_sheet(sheet, total) for sheet in facts.sheets), class_="sheets")


def _sheet(sheet: Sheet, total: int) -> Markup:
    figures = f"{counted(sheet.num_images, 'image')}, {share(sheet.num_images / total)}"
    return element(
        "figure",
        element(
            "div",
            element("b", f"cluster {sheet.cluster_id}"),
            element("span", figures),
            class_="name",
        ),
        element("div", *(thumbnail(shown) for shown in sheet.pictures), class_="mosaic"),
        *_label_line(sheet),
        class_="sheet",
    )


def _labelled(facts: Facts) -> str:
    if all(sheet.majority_label is None for sheet in facts.sheets):
        return ""
    return ", and its majority label with that label's share of the labelled images (purity)"


def _label_line(sheet: Sheet) -> Iterator[Markup]:
    """Majority label and purity, where there are labels."""
    if sheet.majority_label is None:
        return
    looked_at = counted(sheet.num_labelled, "labelled image")
    of = "" if sheet.num_labelled == sheet.num_images else f" of {looked_at}"
    yield element(
        "div",
        element("b", shortened(sheet.majority_label)),
        f", purity {share(sheet.purity)}{of}",
        class_="label",
    )
