"""Levels: three levels of abstraction side by side, doubt beside people's, and catch trials."""

from alignet_ray.evaluation.levels_catch import CATCH_ACCURACY
from alignet_ray.evaluation.levels_figures import ACCURACY, AGAINST_ENTROPY, AGAINST_TIME
from alignet_ray.evaluation.odd_one_out import MAJORITY_SHARE, ONE_AGAINST_OTHERS
from alignet_ray.evaluation.paper_figures import HUMAN_CEILINGS, LEVELS, RESPONSE_TIME_RANGES
from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES, lanes_card
from alignet_ray.evaluation.report.level_lanes import (
    LevelCard,
    level_cards,
    paper_dots,
    temperatures_of_rows,
)
from alignet_ray.evaluation.report.levels_facts import every_figure, who_was_left_out
from alignet_ray.evaluation.report.levels_pictures import examples, failed_trials
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import CEILINGS, FIGURES
from alignet_ray.functional.levels import LEVELS as LEVEL_ORDER
from alignet_ray.pages.dots import Ceiling
from alignet_ray.pages.markup import Markup, counted, element, share
from alignet_ray.records.digests import Json

PART = "levels"
_CHANCE = 1 / 3
_GUESSING = Ceiling("guessing", _CHANCE, "chance")


def levels_section(view: View) -> Markup | None:
    """The section, None where it was not measured."""
    part = view.part(PART)
    if part is None:
        return None
    data = part["data"]
    people = _people(view, data["people"]) if "people" in data else []
    catch = _catch(view, data["catch"], is_first=not people) if "catch" in data else []
    return element("section", *people, *catch)


def _people(view: View, data: Json) -> list[Markup]:
    triplets, participants = data["triplets"], data["participants"]
    levels = [level for level in LEVEL_ORDER if level in data["levels"]]
    return [
        element("h2", "At which levels does it choose as people do?"),
        element(
            "p",
            "Levels: three images of three different classes (coarse), of one class (fine), or two "
            "of one class and one of another (class boundary). Accuracy is how often a model "
            "leaves out the image that most people leave out; guessing gives "
            f"{share(_CHANCE)}. {counted(triplets['num_responses'], 'response')} of "
            f"{counted(participants['num_kept'], 'participant')} to "
            f"{counted(triplets['num_triplets'], 'triplet')}.",
            class_="lead",
        ),
        *examples(view),
        *_accuracies(view, levels),
        every_figure(view, levels),
        element("h2", "Is it unsure where people hesitate?", class_="below"),
        element(
            "p",
            "People take longer where the odd one is hard to tell, and a human-like model should "
            "be unsure there: rank correlation over triplets of the entropy of its three pair "
            "probabilities with people's response time (mean logarithm of seconds). 0 is no "
            "relation.",
            class_="lead",
        ),
        *_doubts(view, levels, AGAINST_TIME),
        element(
            "details",
            element("summary", "The same against how far people disagree"),
            element(
                "p", "Rank correlation with the entropy of people's choices of a triplet.",
                class_="note",
            ),
            *_doubts(view, levels, AGAINST_ENTROPY),
        ),
        who_was_left_out(data),
    ]  # fmt: skip


def _accuracies(view: View, levels: list[str]) -> list[Markup]:
    return _by_similarity(
        view,
        {
            similarity: [
                LevelCard(
                    level=level,
                    rows=view.rows(
                        PART, FIGURES, measure=ACCURACY, level=level, similarity=similarity
                    ),
                    said=_reached(view, level),
                    ceilings=_ceilings(view, level),
                    paper=paper_dots(view, level),
                )
                for level in levels
            ]
            for similarity in view.similarities
        },
        is_share=True,
    )


def _doubts(view: View, levels: list[str], measure: str) -> list[Markup]:
    return _by_similarity(
        view,
        {
            similarity: [
                LevelCard(
                    level=level,
                    rows=view.rows(
                        PART, FIGURES, measure=measure, level=level, similarity=similarity
                    ),
                    said=_paper_range(level) if measure == AGAINST_TIME else "",
                    ceilings=[Ceiling("no relation", 0.0, "chance")],
                )
                for level in levels
            ]
            for similarity in view.similarities
        },
        is_share=False,
    )


def _by_similarity(
    view: View, cards: dict[str, list[LevelCard]], *, is_share: bool
) -> list[Markup]:
    shown: list[Markup] = []
    for similarity, own in cards.items():
        drawn = level_cards(view, own, is_share=is_share)
        if drawn is not None:
            name = SIMILARITY_NAMES[similarity].capitalize() + _at_temperatures(own)
            shown += [element("h3", name, class_="similarity"), drawn]
    return shown


def _at_temperatures(cards: list[LevelCard]) -> str:
    """What T on the lanes is, or the one temperature of all."""
    found = temperatures_of_rows([own for card in cards for own in card.rows])
    if len(found) > 1:
        return "; T: temperature of its entropy"
    return f", temperature {found[0]:g}" if found else ""


def _ceilings(view: View, level: str) -> list[Ceiling]:
    lines = [_GUESSING]
    for measure, kind in ((ONE_AGAINST_OTHERS, "person"), (MAJORITY_SHARE, "most")):
        lines += [
            Ceiling(measure, own["estimate"], kind)
            for own in view.rows(PART, CEILINGS, measure=measure, level=level)
            if own["estimate"] is not None
        ]
    return lines


def _reached(view: View, level: str) -> str:
    """How many triplets, and how far the paper's people agreed."""
    (own,) = view.rows(PART, CEILINGS, measure=ONE_AGAINST_OTHERS, level=level)
    num = (view.part(PART) or {})["data"]["people"]["levels"][level]["num_triplets"]
    said = [counted(num, "triplet")]
    if own["estimate"] is None:
        said.append(own["undefined"])
    paper = HUMAN_CEILINGS.get((LEVELS, level))
    if paper is not None:
        said.append(f"paper's people: {share(paper)}")
    return "; ".join(said)


def _paper_range(level: str) -> str:
    """The paper's models at this level: least and most before, and after where it tells."""
    before, after = RESPONSE_TIME_RANGES[level]
    said = [f"base {before[0]:.2f} to {before[1]:.2f}"]
    if after is not None:
        said.append(f"aligned {after[0]:.2f} to {after[1]:.2f}")
    return f"The paper's models: {', '.join(said)}"


def _catch(view: View, data: Json, *, is_first: bool) -> list[Markup]:
    cards = [
        lanes_card(
            SIMILARITY_NAMES[similarity], "accuracy, exact 95 % intervals", view,
            view.rows(PART, FIGURES, measure=CATCH_ACCURACY, similarity=similarity), [_GUESSING],
        )
        for similarity in view.similarities
    ]  # fmt: skip
    return [
        element("h2", "Does it pass people's catch trials?", class_=None if is_first else "below"),
        element(
            "p",
            "Triplets whose odd one is beyond doubt, which show whether a participant of Levels "
            f"pays attention: two images of one class and one of another, "
            f"{counted(data['num_triplets'], 'triplet')}. People who fail more than a tenth of "
            "theirs are left out.",
            class_="lead",
        ),
        element("div", *(card for card in cards if card is not None), class_="two"),
        *failed_trials(view),
    ]
