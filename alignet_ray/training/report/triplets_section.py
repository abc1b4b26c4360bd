"""Where the student changed its mind: pictures, and who is the odd one out for whom."""

from collections.abc import Iterator

from alignet_ray.functional.odd_one_out import NUM_PAIRS
from alignet_ray.pages.markup import Markup, count, element, shortened
from alignet_ray.pages.thumbnails import thumbnail
from alignet_ray.training.report.record import ShownTriplet, StudentFacts, Three
from alignet_ray.training.report.view import View


def triplets_section(view: View) -> Markup | None:
    """Triplets with the largest changes; None where none were asked about."""
    facts = view.facts
    if facts is None or not facts.looked_at:
        return None
    return element(
        "section",
        element("h2", "Where the student changed its mind"),
        element("p", *_lead(facts), class_="lead"),
        element("div", *(_card(own) for own in facts.triplets), class_="minds"),
    )


def _lead(facts: StudentFacts) -> Iterator[str]:
    yield (
        f"Of {count(facts.looked_at)} validation triplets that it was asked about before and "
        f"after, it came to agree with the teacher on {facts.towards} and ceased to on "
        f"{facts.away}. "
    )
    if facts.triplets:
        yield "Shown are the largest changes. Under each picture: how probable it is the "
        yield element("span", "odd one out", class_="odd-word")
        yield "; the teacher's choice is dashed."


def _card(triplet: ShownTriplet) -> Markup:
    teacher = _as_odd(triplet.teacher)
    odd = teacher.index(max(teacher))
    after = _as_odd(triplet.after)
    agrees = after.index(max(after)) == odd
    words = "now agrees with the teacher" if agrees else "no longer agrees with the teacher"
    rows = [
        cell
        for name in ("teacher", "before", "after")
        for cell in _row(name, _as_odd(getattr(triplet, name)), odd)
    ]
    pictures = [
        element("div", thumbnail(own), *_label(own.label), class_="odd" if place == odd else None)
        for place, own in enumerate(triplet.pictures)
    ]
    return element(
        "div",
        element("div", element("h3", words), element("span", triplet.strategy), class_="mind-head"),
        element("div", element("span", ""), *pictures, *rows, class_="asked"),
        class_="card mind" if agrees else "card mind lost",
    )


def _as_odd(pairs: Three) -> list[float]:
    """Each image's probability of being the odd one out: that of the pair without it."""
    return [pairs[NUM_PAIRS - 1 - place] for place in range(NUM_PAIRS)]


def _label(label: str | None) -> list[Markup]:
    return [element("div", shortened(label), class_="label")] if label else []


def _row(name: str, shares: list[float], odd: int) -> Iterator[Markup]:
    yield element("span", name, class_="who")
    most = shares.index(max(shares))
    for place, value in enumerate(shares):
        bar = element("div", element("i", style=f"width: {100 * value:.1f}%"), class_="track")
        is_chosen = place == most
        agrees = "agrees" if most == odd else "differs"
        yield element("div", element("b", f"{value:.2f}"), bar,
                      class_=f"said chosen {agrees}" if is_chosen else "said")  # fmt: skip
