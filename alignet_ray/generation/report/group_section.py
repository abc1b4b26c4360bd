"""A group as a student sees it: its blocks of images beside the teacher's Gram matrix."""

from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.generation.report.facts import Facts
from alignet_ray.generation.report.samples import ShownBlock, ShownGroup
from alignet_ray.pages.markup import Markup, element, shortened
from alignet_ray.pages.thumbnails import thumbnail


def group_section(facts: Facts) -> Markup | None:
    """A group as a student sees it, beside its Gram matrix; None where groups are triplets."""
    sample = facts.samples[0]
    group = sample.group
    if group is None:
        return None
    total = sum(group.sizes)
    shown = sum(len(block.pictures) for block in group.blocks)
    all_shown = "" if shown == total else f" The first {shown} are shown."
    return element(
        "section",
        element("h2", "A group"),
        element("p", f"One {sample.split} sample: {total} images {_grouped_by(group)} with the "
                f"teacher's similarity of every pair.{all_shown}", class_="lead"),
        element("div", element("div", *(_block(b, group) for b in group.blocks), class_="blocks"),
                _heat_figure(group), class_="card group"),
    )  # fmt: skip


def _grouped_by(group: ShownGroup) -> str:
    if group.strategy == "random":
        return "drawn at random,"
    one, many = ("class", "classes") if _has_classes(group) else ("cluster", "clusters")
    if len(group.sizes) == 1:
        return f"of one {one},"
    return f"of {len(group.sizes)} {many}, {group.sizes[0]} of each,"


def _has_classes(group: ShownGroup) -> bool:
    return group.strategy in CLASS_STRATEGIES


def _block(block: ShownBlock, group: ShownGroup) -> Markup:
    columns = min(4, len(block.pictures)) if len(group.sizes) > 1 else 4
    return element(
        "div",
        *_block_name(block, group),
        element("div", *(thumbnail(p) for p in block.pictures), class_="strip",
                style=f"grid-template-columns: repeat({columns}, minmax(0, 1fr))"),
    )  # fmt: skip


def _block_name(block: ShownBlock, group: ShownGroup) -> list[Markup]:
    if group.strategy == "random":
        return []
    if _has_classes(group):
        return [element("div", element("b", shortened(block.label or "")), class_="name")]
    return [element("div", element("b", f"cluster {block.cluster_id}"), class_="name")]


def _heat_figure(group: ShownGroup) -> Markup:
    heat = group.similarities
    starts = [sum(group.sizes[:i]) for i in range(len(group.sizes))]
    return element(
        "figure",
        element(
            "svg",
            element("title", f"Similarities of all pairs of {heat.side} images"),
            element("image", href=heat.uri, width=heat.side, height=heat.side),
            *(
                element("rect", x=start, y=start, width=length, height=length,
                        stroke_width=heat.side / 250, class_="own")
                for start, length in zip(starts, group.sizes, strict=True)
                if len(group.sizes) > 1
            ),
            viewBox=f"0 0 {heat.side} {heat.side}", role="img", class_="heat",
        ),
        element("div", class_="ramp"),
        element("div", element("span", f"{heat.low:,.4g}"), element("span", "dot product"),
                element("span", f"{heat.high:,.4g}"), class_="ramp-ends"),
        element("p", f"All {heat.side} x {heat.side} similarities; outlined: images that share a "
                "block. Colours span the 1st to the 99th percentile; the diagonal is left grey.",
                class_="note"),
    )  # fmt: skip
