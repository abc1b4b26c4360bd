"""What two models disagree on most: triplets and pairs of images, with what people said."""

from collections.abc import Iterator, Sequence

from alignet_ray.evaluation.comparison import (
    CHANGE,
    COMPARISONS,
    DIFFERENT,
    PART,
    WITH_FROM,
    WITH_TO,
)
from alignet_ray.evaluation.comparison_shown import others, pictured
from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import DIFFERENCES, Row, is_own_change
from alignet_ray.functional.odd_one_out import NUM_PAIRS
from alignet_ray.pages.markup import Markup, count, counted, element, share, shortened
from alignet_ray.records.digests import Json

_CLOSER, _FARTHER = "\N{RIGHTWARDS ARROW}\N{LEFTWARDS ARROW}", "\N{LEFT RIGHT ARROW}"
_WORDS = {
    (True, True): ("both agree with people", "same"),
    (False, True): ("{to} agrees with people", "gained"),
    (True, False): ("{from} agrees with people", "lost"),
    (False, False): ("neither agrees with people", "same"),
}


def comparison_section(view: View) -> Markup | None:
    """The section; None where nothing was compared."""
    part = view.part(PART)
    if part is None or not part[COMPARISONS]:
        return None
    data = part["data"]
    pictures = view.shown.get(PART, {}).get("pictures", {})
    shown = pictured(part[COMPARISONS])
    return element(
        "section",
        element("h2", "Where models disagree"),
        element("p", _lead(data), class_="lead"),
        *(
            _comparison(view, comparison, data, pictures, is_open=place == 0)
            for place, comparison in enumerate(shown)
        ),
        *_others(view, others(part[COMPARISONS])),
    )


def _lead(data: Json) -> str:
    is_judged = data["triplets"] == "people's"
    whose = "that people judged" if is_judged else "drawn at random"
    odd_for = "people" if is_judged else "the second model"
    similarity = SIMILARITY_NAMES[data["similarity"]]
    return (
        f"Of {counted(data['num_triplets'], 'triplet')} of {data['name']} {whose}, those on which "
        "two models' probabilities differ most; the dashed picture is the odd one out for "
        f"{odd_for}. Similarities are the {similarity}; probabilities are as sure on the whole as "
        f"{data['mean_entropy_of']} (mean entropy {data['mean_entropy']:.2f} nats)."
    )


def _comparison(
    view: View, comparison: Json, data: Json, pictures: Json, *, is_open: bool
) -> Markup:
    names = names_of(comparison)
    triplets = [_triplet(own, names, pictures) for own in comparison["triplets"]]
    more = [_pair(own, "closer", _CLOSER, pictures) for own in comparison["more_alike"]]
    less = [_pair(own, "farther", _FARTHER, pictures) for own in comparison["less_alike"]]
    of_pairs = f"of {counted(data['num_images_in_pairs'], 'image')}"
    spread = "in standard deviations of all pairs' similarities"
    return element(
        "details",
        element("summary", title_of(comparison)),
        element("p", _figures(view, comparison), class_="note"),
        element("div", *triplets, class_="quarrels"),
        element("h3", f"More alike for {names[1]} than for {names[0]}", class_="pairs-name"),
        element("p", f"Pairs {of_pairs}; change of their similarity {spread}.", class_="note"),
        element("div", *more, class_="couples"),
        element("h3", "Less alike", class_="pairs-name"),
        element("div", *less, class_="couples"),
        class_="comparison",
        open="" if is_open else None,
    )


def names_of(comparison: Json) -> tuple[str, str]:
    """What the two are called: variants of one label, or labels where they differ."""
    if is_own_change(comparison):
        return comparison["from"], comparison["to"]
    return comparison["base"], comparison["label"]


def title_of(comparison: Json) -> str:
    """What is compared with what."""
    if is_own_change(comparison):
        return f"{comparison['label']}: {comparison['to']} against {comparison['from']}"
    return f"{comparison['label']} {comparison['to']} against {comparison['from']}"


def _figures(view: View, comparison: Json) -> str:
    """How often they choose differently, and whom people side with."""
    found = _rows_of(view, comparison)
    first, second = names_of(comparison)
    different = found[DIFFERENT]
    text = (
        f"Another odd one out on {share(different['estimate'])} of "
        f"{counted(different['num'], 'triplet')}."
    )
    if CHANGE not in found:
        return text
    change = found[CHANGE]
    return (
        f"{text} On these people side with {second} in {share(found[WITH_TO]['estimate'])} and "
        f"with {first} in {share(found[WITH_FROM]['estimate'])} of "
        f"{counted(change['num'], 'response')}: {100 * change['estimate']:+z.1f} points "
        f"{_ends(change)}."
    )


def _others(view: View, comparisons: Sequence[Json]) -> list[Markup]:
    """Comparisons without pictures: their number grows with the square of the models'."""
    if not comparisons:
        return []
    titles = ("compared", "another odd one out", "people side with the second, less the first")
    head = element("tr", *(
        element("th", title, class_="number" if place else None)
        for place, title in enumerate(titles)
    ))  # fmt: skip
    num = len(comparisons)
    return [
        element(
            "details",
            element("summary", f"{counted(num, 'more comparison')}, without pictures"),
            element(
                "p", "Their triplets and pairs are in results.json, these figures in figures.csv.",
                class_="note",
            ),
            element(
                "div", element("table", head, *(_other(view, own) for own in comparisons)),
                class_="card scroll",
            ),
            class_="comparison",
        )
    ]  # fmt: skip


def _other(view: View, comparison: Json) -> Markup:
    found = _rows_of(view, comparison)
    change = found.get(CHANGE)
    sided = "" if change is None else f"{100 * change['estimate']:+z.1f} points {_ends(change)}"
    return element(
        "tr",
        element("td", title_of(comparison)),
        element("td", share(found[DIFFERENT]["estimate"]), class_="number"),
        element("td", sided, class_="number"),
    )


def _rows_of(view: View, comparison: Json) -> dict[str, Row]:
    """The figures of a comparison by measure."""
    of = {key: comparison[key] for key in ("label", "from", "to")}
    return {row["measure"]: row for row in view.rows(PART, DIFFERENCES, **of)}


def _ends(change: Row) -> str:
    low, high = (f"{100 * change[key]:+z.1f}" for key in ("low", "high"))
    return f"[{low}, {high}]"


def _triplet(triplet: Json, names: tuple[str, str], pictures: Json) -> Markup:
    """Three pictures, and under them how probable each is the odd one out for whom."""
    speakers = [(names[0], _as_odd(triplet["from"])), (names[1], _as_odd(triplet["to"]))]
    head: list[Markup] = []
    people = triplet["people"]
    if people is not None:
        total = sum(people)
        shares = _as_odd([own / total for own in people])
        speakers.insert(0, (f"people ({count(total)})", shares))
        head = [_verdict(shares, speakers[1][1], speakers[2][1], names)]
    odd = speakers[0 if people is not None else -1][1]
    most = max(odd)
    frames = [
        element("div", _thumbnail(key, pictures), element("div", _label(key, pictures)),
                class_="odd" if value == most else None)
        for key, value in zip(triplet["images"], odd, strict=True)
    ]  # fmt: skip
    rows = [cell for name, shares in speakers for cell in _row(name, shares, odd)]
    return element("div", *head, element("div", *frames, *rows, class_="asked"),
                   class_="card quarrel")  # fmt: skip


def _verdict(
    people: Sequence[float], first: Sequence[float], second: Sequence[float],
    names: tuple[str, str],
) -> Markup:  # fmt: skip
    agrees = tuple(people[own.index(max(own))] == max(people) for own in (first, second))
    words, look = _WORDS[agrees[0], agrees[1]]
    return element("h4", words.format(**{"from": names[0], "to": names[1]}), class_=look)


def _as_odd(pairs: Sequence[float]) -> list[float]:
    """Each image's share of being the odd one out: that of the pair without it."""
    return [pairs[NUM_PAIRS - 1 - place] for place in range(NUM_PAIRS)]


def _row(name: str, shares: Sequence[float], odd: Sequence[float]) -> Iterator[Markup]:
    yield element("span", name, class_="who")
    most = max(shares)
    for place, value in enumerate(shares):
        bar = element("div", element("i", style=f"width: {100 * value:.1f}%"), class_="track")
        look = "agrees" if odd[place] == max(odd) else "differs"
        yield element("div", element("b", f"{value:.2f}"), bar,
                      class_=f"voice chosen {look}" if value == most else "voice")  # fmt: skip


def _pair(pair: Json, look: str, arrow: str, pictures: Json) -> Markup:
    first, second = pair["images"]
    change = element("div", element("b", arrow), element("span", f"{pair['difference']:+z.1f}"),
                     class_=f"move {look}")  # fmt: skip
    labels = (element("div", _label(key, pictures), class_="name") for key in pair["images"])
    return element(
        "div", _thumbnail(first, pictures), change, _thumbnail(second, pictures), *labels,
        class_="couple",
    )  # fmt: skip


def _thumbnail(key: str, pictures: Json) -> Markup:
    uri = pictures.get(key, {}).get("uri")
    name = shortened(key)
    if uri is None:
        return element("div", class_="missing", title=name)
    return element("img", src=uri, alt=name, title=name, loading="lazy")


def _label(key: str, pictures: Json) -> str:
    return shortened(pictures.get(key, {}).get("label") or key)


COMPARISON_STYLE = """\
.comparison { border-top: 1px solid var(--line); padding-top: 16px; }
.comparison summary { font-size: 1.05rem; }
.comparison h3.pairs-name { margin-top: 30px; }
.quarrels { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 18px;
  margin-top: 16px; }
.quarrel { margin-top: 0; padding: 16px; }
.quarrel h4 { margin: 0 0 12px; font-size: .92rem; font-weight: 620; color: var(--soft); }
.quarrel h4.gained { color: var(--pair); } .quarrel h4.lost { color: var(--odd); }
.asked { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 5px 12px;
  align-items: start; }
.asked img, .asked .missing, .couple img, .couple .missing { display: block; width: 100%;
  aspect-ratio: 1; object-fit: cover; border-radius: 9px; background: var(--line); }
.asked .odd img, .asked .odd .missing { outline: 3px dashed var(--odd); outline-offset: 2px; }
.asked > div:not(.voice) > div:last-child, .couple .name { color: var(--soft); font-size: .76rem;
  line-height: 1.3; margin-top: 6px; overflow-wrap: anywhere; }
.asked .who { grid-column: 1 / -1; color: var(--soft); font-size: .8rem; margin-top: 5px; }
.voice { display: grid; grid-template-columns: 2.3em minmax(0, 1fr); gap: 6px; align-items: center;
  font-size: .8rem; }
.voice b { font-weight: 450; color: var(--soft); }
.voice .track { margin: 0; }
.voice.chosen b { font-weight: 680; color: var(--pair); }
.voice.chosen .track i { background: var(--pair); }
.voice.chosen.differs b { color: var(--odd); }
.voice.chosen.differs .track i { background: var(--odd); }
.couples { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr));
  gap: 14px; margin-top: 16px; }
.couple { display: grid; grid-template-columns: minmax(0, 1fr) 46px minmax(0, 1fr); gap: 0 8px;
  align-items: center; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 12px; }
.couple .name { align-self: start; } .couple .name:last-child { grid-column: 3; }
.move { text-align: center; font-size: .8rem; line-height: 1.3; }
.move b { display: block; font-size: 1.15rem; letter-spacing: -.1em; font-weight: 500; }
.move.closer { color: var(--pair); } .move.farther { color: var(--odd); }
@media (max-width: 640px) { .quarrels, .couples { grid-template-columns: minmax(0, 1fr); } }
"""
"""Rules that a page with this section adds to its style sheet."""
