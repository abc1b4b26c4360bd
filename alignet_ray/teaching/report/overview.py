"""What the teacher is and what it was made of: title, tiles, counts with all that was left out."""

from collections.abc import Iterator
from typing import Any

from alignet_ray.pages.markup import Markup, count, counted, element, share, shortened, together
from alignet_ray.pages.parts import fact, tile
from alignet_ray.records.digests import Json
from alignet_ray.teaching.report.view import SIMILARITIES, View

_NUM_NAMED = 12
_STATES = ("before", "after")
_FIRST_COUNTS = ("objects", "embedded_objects", "triplets")
_FIRST_OF_VICE = ("num_choices", "num_epochs", "num_live")


def header(view: View) -> Markup:
    """Name, backbone, and the figures that matter most."""
    return element(
        "header",
        element("p", "AligNet teacher", class_="eyebrow"),
        element("h1", view.name),
        element("p", *_lead(view), class_="lead"),
        element("dl", *_tiles(view), class_="tiles"),
    )


def _lead(view: View) -> Iterator[str]:
    end = (
        "and an affine map, fitted so that similarities of objects predict people's odd-one-out "
        "choices."
    )
    if view.backbone is None:
        yield f"Ready-made representations {end}"
        return
    backbone = view.backbone
    pixels = backbone["preprocessing"]["resolution"]
    yield "The backbone "
    yield element("b", str(backbone["name"]))
    yield f" ({backbone['representation']}, {pixels} px, {backbone['dim']:,} dimensions) {end}"


def _tiles(view: View) -> Iterator[Markup]:
    counts = view.part("counts") or {}
    embedded, listed = counts.get("embedded_objects"), counts.get("objects")
    if embedded is not None:
        of = f"of {count(listed)} named" if listed is not None else "with a representation"
        yield tile("objects", count(embedded), of, warns=embedded != (listed or embedded))
    yield from _accuracy_tiles(view)
    judged = view.part("unseen_responses")
    if judged:
        said = f"to {counted(judged['num_triplets'], 'triplet')}, not used to fit"
        yield tile("human responses", count(judged["num_responses"]), said)


def _accuracy_tiles(view: View) -> Iterator[Markup]:
    """Accuracy by dot products after the map, and before it."""
    responses = view.part("unseen_responses", SIMILARITIES[0])
    if responses is not None:
        before, after = (share(responses[state]["estimate"]) for state in _STATES)
        yield tile("unseen responses", after, f"agree with people (dot); {before} before")
    objects = view.part("unseen_objects", "expected_accuracy", SIMILARITIES[0])
    if objects is not None:
        before, after = (share(objects[state]) for state in _STATES)
        yield tile("unseen objects", after, f"expected to agree (dot); {before} before")


def data_section(view: View) -> Markup:
    """Counts of everything that went in, objects that did not, and what the choices became."""
    counts = view.part("counts") or {}
    cards = [_counts_card(counts)]
    vice = view.part("vice")
    if vice:
        cards.append(_vice_card(vice))
    return element(
        "section",
        element("h2", "What it was made of"),
        element("div", *cards, class_="two"),
        *_left_out(counts),
    )


def _counts_card(counts: Json) -> Markup:
    known = [key for key in _FIRST_COUNTS if key in counts]
    rows = [
        fact(words(key), count(counts[key]))
        for key in (*known, *sorted(set(counts) - set(known)))
        if isinstance(counts[key], int)
    ]
    return element(
        "div", element("h3", "Counts"), element("dl", *rows, class_="facts"), class_="card"
    )


def _vice_card(vice: Json) -> Markup:
    others = sorted(key for key in vice if key not in (*_FIRST_OF_VICE, "held_out"))
    names = [key for key in _FIRST_OF_VICE if key in vice] + others
    rows: list[tuple[str, Any]] = [(words(key), vice[key]) for key in names]
    rows += [(f"held out, {words(k)}", v) for k, v in sorted(vice.get("held_out", {}).items())]
    return element(
        "div",
        element("h3", "People's choices as an embedding (VICE)"),
        element("dl", *(fact(name, _figure(value)) for name, value in rows), class_="facts"),
        element(
            "p",
            "A Gaussian for each object, from hard choices: it says how likely people are to "
            "choose each pair of a triplet. Dimensions that the choices do not support are pruned.",
            class_="note",
        ),
        class_="card",
    )


def _figure(value: Any) -> str:
    if isinstance(value, int):
        return count(value)
    return f"{value:.4g}" if isinstance(value, float) else shortened(str(value))


def words(key: str) -> str:
    """A key of the metrics as words."""
    return key.removeprefix("num_").replace("_", " ")


def _left_out(counts: Json) -> Iterator[Markup]:
    missing: list[str] = list(counts.get("missing_images", ()))
    rejected: Json = counts.get("rejected_images", {})
    if missing:
        yield _named("without an image", [element("code", shortened(own)) for own in missing])
    if rejected:
        named = [
            together(element("code", shortened(own)), f" ({shortened(reason)})")
            for own, reason in rejected.items()
        ]
        yield _named("with an image that cannot be used", named)
    if not missing and not rejected:
        yield element("p", "Every named object has an image that could be used.", class_="note")


def _named(what: str, named: list[Markup]) -> Markup:
    shown = [together(", " if number else "", own) for number, own in enumerate(named[:_NUM_NAMED])]
    more = "" if len(named) <= _NUM_NAMED else f" and {count(len(named) - _NUM_NAMED)} more"
    head = f"{counted(len(named), 'object')} {what}: "
    end = ". Their triplets and responses were dropped."
    return element("p", head, *shown, more, end, class_="advice warn")
