"""Odd-one-out accuracy before and after, beside what anybody could reach."""

from collections.abc import Iterator
from dataclasses import dataclass

from alignet_ray.pages.dots import Ceiling, Dot, dot_plot
from alignet_ray.pages.markup import Markup, counted, element, share, together
from alignet_ray.records.digests import Json
from alignet_ray.teaching.report.view import SIMILARITIES, View

_CHANCE = 1 / 3
_MARGIN = 0.02
_STATES = ("before", "after")
_NAMES = {"dot": "dot product", "centred_cosine": "centred cosine"}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One way to measure: dots by similarity, ceilings, and what is being counted."""

    title: str
    said: str
    dots: dict[str, list[Dot]]
    ceilings: list[Ceiling]
    differences: dict[str, Json]


def accuracy_section(view: View) -> Markup | None:
    """All panels on one axis; None where nothing was measured."""
    panels = [
        panel
        for panel in (_responses_panel(view), _objects_panel(view), _expected_panel(view))
        if panel is not None
    ]
    if not panels:
        return None
    low, high = _axis(panels)
    return element(
        "section",
        element("h2", "Does it choose as people do?"),
        element(
            "p",
            "Of three objects a person names the odd one out. The teacher calls the two most "
            "similar ones a pair and leaves out the third. Accuracy is how often it leaves out the "
            f"same object; guessing gives {share(_CHANCE)}, and a tie counts as wrong. Before: the "
            "backbone's own representation. After: the same, transformed. All on one axis.",
            class_="lead",
        ),
        element("div", *(_card(panel, low, high) for panel in panels), class_="two"),
        element(
            "p",
            element("b", "dot product"),
            ": similarities as the method defines them. ",
            element("b", "centred cosine"),
            ": the mean over all objects taken off first, lengths ignored; it does not depend on "
            "where a backbone puts its origin. Bars are 95\N{NO-BREAK SPACE}% intervals from "
            "resampling triplets.",
            class_="note",
        ),
    )


def _responses_panel(view: View) -> Panel | None:
    own = view.part("unseen_responses")
    if own is None or SIMILARITIES[0] not in own:
        return None
    return Panel(
        title="Responses that this fit has not seen",
        said=f"{counted(own['num_responses'], 'response')} to "
        f"{counted(own['num_triplets'], 'triplet')}. Their objects were fitted, by other "
        f"judgements of them.{_unknown_origin(view)}{_few_repeats(own)}",
        dots=_dots(own),
        ceilings=_human_ceilings(own),
        differences={name: own[name]["difference"] for name in SIMILARITIES},
    )


def _few_repeats(own: Json) -> str:
    """Why no line says how far people agree, where none does."""
    if "majority_share" in own or "num_repeated_triplets" not in own:
        return ""
    return (
        f" Only {counted(own['num_repeated_triplets'], 'triplet')} had two responses or more: too "
        "few to say how far people agree."
    )


def _unknown_origin(view: View) -> str:
    """A caution where the human side was given ready and not fitted here from choices."""
    if view.part("vice"):
        return ""
    return " Whether the given human data had been made from them too, only their makers know."


def _chosen_on(view: View) -> str:
    """How the settings of each fold's map came about, where there was a search."""
    if len((view.part("selection") or {}).get("cells") or ()) < 2:
        return ""
    return (
        " Its settings were chosen by the other folds alone; their own fits had seen this fold's "
        "objects."
    )


def _objects_panel(view: View) -> Panel | None:
    own = view.part("unseen_objects", "human")
    if own is None or SIMILARITIES[0] not in own:
        return None
    return Panel(
        title="Responses about objects that the map has not seen",
        said=f"{counted(own['num_responses'], 'response')} to "
        f"{counted(own['num_triplets'], 'triplet')}, each measured by the map of the fold that "
        f"held out all three objects.{_chosen_on(view)}{_few_repeats(own)}",
        dots=_dots(own),
        ceilings=_human_ceilings(own),
        differences={name: own[name]["difference"] for name in SIMILARITIES},
    )


def _expected_panel(view: View) -> Panel | None:
    own = view.part("unseen_objects")
    if own is None or "expected_accuracy" not in own:
        return None
    expected: Json = own["expected_accuracy"]
    oracles = [expected[name]["oracle"] for name in SIMILARITIES if "oracle" in expected[name]]
    said = (
        f"{counted(own['num_triplets'], 'triplet')} of objects held out in "
        f"{counted(own['num_folds'], 'fold')}. Accuracy that is expected if people choose by the "
        f"given probabilities. No interval: nothing is sampled from people here.{_chosen_on(view)}"
    )
    dots = {name: [Dot(state, expected[name][state]) for state in _STATES] for name in SIMILARITIES}
    oracle = "the probabilities' own choice (oracle)"
    return Panel(
        title="Objects that the map has not seen, under the human probabilities",
        said=said,
        dots=dots,
        ceilings=[Ceiling(oracle, max(oracles), "most")] if oracles else [],
        differences={},
    )


def _dots(own: Json) -> dict[str, list[Dot]]:
    return {
        name: [
            Dot(state, own[name][state]["estimate"], own[name][state]["low"],
                own[name][state]["high"])
            for state in _STATES
        ]
        for name in SIMILARITIES
    }  # fmt: skip


def _human_ceilings(own: Json) -> list[Ceiling]:
    named = {
        "leave_one_out_majority": ("a person against the majority of the others", "person"),
        "majority_share": ("the most frequent answer: no model can exceed it", "most"),
    }
    return [Ceiling(words, own[key], kind) for key, (words, kind) in named.items() if key in own]


def _axis(panels: list[Panel]) -> tuple[float, float]:
    values = [_CHANCE]
    for panel in panels:
        values += [ceiling.value for ceiling in panel.ceilings]
        for dots in panel.dots.values():
            values += [
                v for dot in dots for v in (dot.estimate, dot.low, dot.high) if v is not None
            ]
    return min(values) - _MARGIN, max(values) + _MARGIN


def _card(panel: Panel, low: float, high: float) -> Markup:
    chance = Ceiling("guessing", _CHANCE, "chance")
    groups = {f"{_NAMES[name]}": dots for name, dots in panel.dots.items()}
    return element(
        "div",
        element("h3", panel.title),
        element("p", panel.said, class_="note"),
        dot_plot(groups, [chance, *panel.ceilings], low, high),
        *_differences(panel),
        class_="card",
    )


def _differences(panel: Panel) -> Iterator[Markup]:
    if not panel.differences:
        return
    said = [
        together(
            "; " if number else "Change, paired: ",
            f"{_NAMES[name]} ",
            element("b", _signed(own["estimate"])),
            f" [{_signed(own['low'])}, {_signed(own['high'])}]",
        )
        for number, (name, own) in enumerate(panel.differences.items())
    ]
    yield element("p", *said, " percentage points.", class_="note")


def _signed(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "\N{MINUS SIGN}")
