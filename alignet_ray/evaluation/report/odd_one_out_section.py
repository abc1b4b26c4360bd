"""Agreement with people's odd-one-out choices, and whether models doubt where people do."""

from alignet_ray.evaluation.odd_one_out import (
    ACCURACY,
    MAJORITY_SHARE,
    ONE_AGAINST_OTHERS,
    UNCERTAINTY,
)  # fmt: skip
from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES, lanes_card
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import CEILINGS, FIGURES
from alignet_ray.pages.dots import Ceiling
from alignet_ray.pages.markup import Markup, counted, element, share

PART = "odd_one_out"
_CHANCE = 1 / 3


def odd_one_out_section(view: View) -> Markup | None:
    """The section, None where it was not measured."""
    part = view.part(PART)
    if part is None:
        return None
    data = part["data"]
    return element(
        "section",
        element("h2", "Does it choose as people do?"),
        element(
            "p",
            f"{data['name']}: of three objects a person names the odd one out. A model calls the "
            "two most similar ones a pair and leaves out the third. Accuracy is how often it "
            f"leaves out the same object; guessing gives {share(_CHANCE)}. "
            f"{counted(data['num_responses'], 'response')} to "
            f"{counted(data['num_triplets'], 'triplet')}.",
            class_="lead",
        ),
        element("div", *_accuracy_cards(view), class_="two"),
        element("h2", "Is it unsure where people are?", class_="below"),
        element(
            "p",
            "Where people disagree, a human-like model should doubt too: rank correlation over "
            "triplets of the entropy of its three pair probabilities with that of people's "
            "choices. 0 is no relation.",
            class_="lead",
        ),
        element("div", *_uncertainty_cards(view), class_="two"),
    )


def _accuracy_cards(view: View) -> list[Markup]:
    ceilings = [Ceiling("guessing", _CHANCE, "chance")]
    for measure, words, kind in (
        (ONE_AGAINST_OTHERS, "a person against the majority of the others", "person"),
        (MAJORITY_SHARE, "share of the most frequent choice", "most"),
    ):
        ceilings += [
            Ceiling(words, own["estimate"], kind)
            for own in view.rows(PART, CEILINGS, measure=measure)
            if own["estimate"] is not None
        ]
    cards = [
        lanes_card(
            SIMILARITY_NAMES[similarity], "odd-one-out accuracy, 95 % intervals", view,
            view.rows(PART, FIGURES, measure=ACCURACY, similarity=similarity), ceilings,
        )
        for similarity in view.similarities
    ]  # fmt: skip
    return [card for card in cards if card is not None]


def _uncertainty_cards(view: View) -> list[Markup]:
    asked = view.results["settings"]["temperatures"]
    own = sorted(
        {row["temperature"] for row in view.rows(PART, FIGURES, measure=UNCERTAINTY)} - set(asked)
    )
    cards = [
        lanes_card(
            f"{SIMILARITY_NAMES[similarity]}, temperature {temperature:g}",
            "rank correlation with people's entropy", view,
            view.rows(
                PART, FIGURES, measure=UNCERTAINTY, similarity=similarity, temperature=temperature
            ),
            [Ceiling("no relation", 0.0, "chance")], is_share=False,
        )
        for temperature in (*asked, *own)
        for similarity in view.similarities
    ]  # fmt: skip
    return [card for card in cards if card is not None]
