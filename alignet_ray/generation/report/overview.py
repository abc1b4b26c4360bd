"""What the run is and its counts: title, teacher, digests, tiles, and the table of the splits."""

from collections.abc import Callable, Iterator

from alignet_ray.generation.report.facts import Facts, SplitFacts
from alignet_ray.generation.report.run_records import RunRecords
from alignet_ray.pages.markup import (
    Markup,
    count,
    counted,
    element,
    share,
    size,
    together,
)
from alignet_ray.pages.parts import tile
from alignet_ray.records.run import STAGES

_SHORT_DIGEST = 8


def header(facts: Facts) -> Markup:
    """Name, teacher and digests of the run, and its counts as tiles."""
    run = facts.run
    return element(
        "header",
        element("p", "AligNet run", class_="eyebrow"),
        element("h1", run_name(run)),
        element("p", *_teacher(run), class_="lead"),
        element("p", *_digest_chain(run), class_="chain"),
        element("dl", *_tiles(facts), class_="tiles"),
    )


def run_name(run: RunRecords) -> str:
    """The last word of the root's URL."""
    return run.root.url.rstrip("/").rpartition("/")[2] or run.root.url


def _teacher(run: RunRecords) -> tuple[str, ...]:
    images = counted(run.layout.num_rows, "image")
    backbone = run.backbone
    if backbone is None:
        return (
            f"{images} with triplets that somebody else labelled, converted to soft-label shards.",
        )
    transform = run.settings.clusters["transform"]
    how = (
        f"transformed by the affine map {transform['sha256'][:_SHORT_DIGEST]}"
        if transform
        else "untransformed"
    )
    pixels = backbone["preprocessing"]["resolution"]
    return (
        f"{images} labelled by the teacher ", element("b", str(backbone["name"])),
        f" ({backbone['representation']}, {pixels} px, {backbone['dim']:,} dimensions), {how}.",
    )  # fmt: skip


def _digest_chain(run: RunRecords) -> Iterator[Markup]:
    for number, stage in enumerate(STAGES):
        if number:
            yield Markup("→")
        digest = getattr(run.settings, f"{stage}_digest")
        shown = element("code", digest[:_SHORT_DIGEST], title=digest)
        yield element("span", together(f"{stage} ", shown))


def _tiles(facts: Facts) -> Iterator[Markup]:
    num_images, (first, *others) = facts.run.layout.num_rows, facts.splits
    split, manifest = first.manifest.split, first.manifest
    yield tile("images", count(num_images), "listed, in one frozen order")
    yield _rejected_tile(facts)
    if facts.sizes is not None:
        yield tile("clusters", count(facts.run.num_clusters), _clusters_aside(facts))
    shape = f"of {_shape(first)} images, {manifest.strategy}"
    yield tile(f"{split} groups", count(manifest.num_groups), shape)
    rest = "; ".join(f"{count(other.num_triplets)} {other.manifest.split}" for other in others)
    yield tile(f"{split} triplets", count(first.num_triplets), rest)
    drawn = f"over {count(manifest.num_images)} {split} images"
    yield tile("image draws", count(first.num_draws), drawn)
    yield _coverage_tile(first)
    in_all = f"{size(sum(own.num_bytes for own in facts.splits))} in all"
    num_shards = sum(len(own.manifest.shards) for own in facts.splits)
    yield tile("shards", count(num_shards), in_all)


def _rejected_tile(facts: Facts) -> Markup:
    rejects = facts.rejects
    where = "of them"
    if rejects.num_images < facts.run.layout.num_rows:
        where = f"of {count(rejects.num_images)} looked at"
    aside = f"{share(rejects.total / rejects.num_images)} {where}"
    return tile("rejected", count(rejects.total), aside, warns=rejects.total > 0)


def _coverage_tile(split: SplitFacts) -> Markup:
    if split.coverage is None:
        said = "of them, expected were draws independent"
        return tile("covered", share(split.expected_coverage), said)
    return tile("covered", share(split.coverage), "of them in at least one group")


def _clusters_aside(facts: Facts) -> str:
    assert facts.sizes is not None
    filled = facts.sizes.sizes[facts.sizes.sizes > 0]
    if not len(filled):
        return "all empty"
    return f"{filled.min():,} to {filled.max():,} images" + (
        " counted" if facts.sizes.is_sample else ""
    )


def _shape(split: SplitFacts) -> str:
    sizes = split.manifest.blocks
    if sum(sizes) == 3:
        return "3"
    if len(sizes) > 1 and len(set(sizes)) == 1:
        return f"{len(sizes)} x {sizes[0]}"
    return str(sum(sizes))


def splits_table(facts: Facts) -> Markup:
    """Every count of every split, side by side."""
    rows: list[tuple[str, list[str]]] = [
        ("groups", [count(s.manifest.num_groups) for s in facts.splits]),
        ("images in a group", [_shape(s) for s in facts.splits]),
        ("triplets", [count(s.num_triplets) for s in facts.splits]),
        ("image draws", [count(s.num_draws) for s in facts.splits]),
        ("images to draw from", [count(s.manifest.num_images) for s in facts.splits]),
        ("covered, expected", [share(s.expected_coverage) for s in facts.splits]),
        ("covered, counted", [_counted_coverage(s) for s in facts.splits]),
        ("shards", [count(len(s.manifest.shards)) for s in facts.splits]),
        ("size", [size(s.num_bytes) for s in facts.splits]),
        ("teacher temperature", [f"{s.manifest.teacher_temperature:g}" for s in facts.splits]),
        (
            "eligible images, worst shard",
            [_or_dash(s.eligible_share, share) for s in facts.samples],
        ),
        (
            "distance from uniform, worst shard",
            [_or_dash(s.distance_from_uniform, "{:.2f}".format) for s in facts.samples],
        ),
    ]
    names = [element("th", s.manifest.split, class_="number") for s in facts.splits]
    body = [
        element("tr", element("td", name), *(element("td", v, class_="number") for v in values))
        for name, values in rows
    ]
    head = element("thead", element("tr", element("th", ""), *names))
    return element("table", head, element("tbody", *body), class_="counts")


def _counted_coverage(split: SplitFacts) -> str:
    return "not counted" if split.coverage is None else share(split.coverage)


def _or_dash(value: float | None, shown: Callable[[float], str]) -> str:
    return "-" if value is None else shown(value)
