"""Triplets of Levels as pictures: one of each level, and the catch trials that models fail."""

from collections.abc import Mapping, Sequence

from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES
from alignet_ray.evaluation.report.level_lanes import LEVEL_NAMES
from alignet_ray.evaluation.report.view import View
from alignet_ray.pages.markup import Markup, counted, element
from alignet_ray.records.digests import Json

PART = "levels"
_PLACES = ("first", "second", "third")


def examples(view: View) -> list[Markup]:
    """A triplet of each level that people agree on most, with how many left out each image."""
    shown: Mapping[str, Json] = view.shown.get(PART, {}).get("examples", {})
    if not shown:
        return []
    figures = [
        element(
            "figure",
            element("h3", LEVEL_NAMES[level]),
            _strip(own, odd=own["left_out"].index(max(own["left_out"])), said=own["left_out"]),
            class_="card",
        )
        for level, own in sorted(shown.items(), key=lambda own: list(LEVEL_NAMES).index(own[0]))
    ]
    return [
        element("div", *figures, class_="three triplets"),
        element(
            "p",
            "A triplet of each level that people agree on; below each image how many leave it out.",
            class_="note",
        ),
    ]


def failed_trials(view: View) -> list[Markup]:
    """Those that some model fails, with who names which other image; or that there is none."""
    shown: Sequence[Json] | None = view.shown.get(PART, {}).get("failed")
    if shown is None:
        return []
    if not shown:
        return [element("p", "No model fails one of them.", class_="note")]
    return [
        element(
            "p",
            f"{counted(len(shown), 'trial')} that some model fails, most often failed first; the "
            "odd one has a frame.",
            class_="note",
        ),
        element("div", *(_failed(own) for own in shown), class_="three triplets"),
    ]


def _failed(trial: Json) -> Markup:
    lines = [
        element("li", element("b", f"{own['label']} {own['variant']}"), f" ({name}): {_said(own)}")
        for similarity, wrong in trial["wrong"].items()
        for own in wrong
        for name in (SIMILARITY_NAMES[similarity],)
    ]
    return element("figure", _strip(trial, odd=trial["odd"]), element("ul", *lines), class_="card")


def _said(wrong: Json) -> str:
    return "a tie" if wrong["odd"] is None else f"the {_PLACES[wrong['odd']]} image"


def _strip(triplet: Json, odd: int, said: Sequence[int | str] = ("", "", "")) -> Markup:
    pictures = [
        element(
            "div",
            _image(uri, name, class_="odd" if place == odd else None),
            element("span", str(words)),
        )
        for place, (uri, name, words) in enumerate(
            zip(triplet["uris"], triplet["images"], said, strict=True)
        )
    ]
    return element("div", *pictures, class_="triplet")


def _image(uri: str | None, name: str, class_: str | None) -> Markup:
    if uri is None:
        return element("div", class_="missing", title=f"{name}: does not decode")
    return element("img", src=uri, alt=name, title=name, loading="lazy", class_=class_)


LEVELS_STYLE = """\
.three { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 22px;
  margin-top: 14px; }
.three > .card { margin-top: 0; }
.three .lane-row { grid-template-columns: 1fr auto; gap: 0 12px; }
.three .lane-row .lane, .three .lane-row .lane-axis { grid-column: 1 / -1; grid-row: 2; }
.three .lane { height: 24px; }
.three .lane .reach { top: 8px; } .three .lane .point { top: 5px; }
.paper .state { font-style: italic; }
.paper .point, .paper.after .point { border-radius: 2px; width: 10px; height: 10px;
  margin-left: -5px; border-width: 2px; background: var(--soft); border-color: var(--soft); }
.three .paper .lane .point { top: 7px; }
h3.similarity { margin-top: 30px; }
.triplet { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px;
  margin-top: 12px; text-align: center; font-size: .85rem; color: var(--soft); }
.triplet img, .triplet .missing { display: block; width: 100%; aspect-ratio: 1;
  object-fit: cover; border-radius: 8px; background: var(--line); }
.triplet img.odd { outline: 3px solid var(--odd); outline-offset: 1px; }
.triplets ul { margin: 10px 0 0; padding-left: 1.1em; font-size: .85rem; color: var(--soft); }
@media (max-width: 900px) { .three { grid-template-columns: minmax(0, 1fr); } }
"""
"""Rules that the section adds to the page's style sheet."""
