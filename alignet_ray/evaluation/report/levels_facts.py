"""Every figure of Levels as a table, and who and what was left out by which rule."""

from collections.abc import Sequence

from alignet_ray.evaluation.levels_figures import ACCURACY, SOFT_ACCURACY
from alignet_ray.evaluation.odd_one_out import MAJORITY_SHARE, ONE_AGAINST_OTHERS
from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES
from alignet_ray.evaluation.report.level_lanes import LEVEL_NAMES
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import CEILINGS, FIGURES, Row
from alignet_ray.pages.markup import Markup, count, element, share
from alignet_ray.pages.parts import fact
from alignet_ray.records.digests import Json

PART = "levels"
_ALL = "all"


def every_figure(view: View, levels: Sequence[str]) -> Markup:
    """Accuracy and share of people of each model at each level and over all, in a table."""
    columns = [*levels, _ALL]
    head = element(
        "tr",
        *(element("th", words) for words in ("similarity", "model", "measure")),
        *(element("th", LEVEL_NAMES.get(own, "All levels"), class_="number") for own in columns),
    )
    rows = [
        element(
            "tr",
            *(element("td", words) for words in
              (SIMILARITY_NAMES[similarity], f"{label} {variant}", measure)),
            *(element("td", _shares(view, measure, similarity, label, variant, own),
                      class_="number") for own in columns),
        )
        for similarity in view.similarities
        for label, variant in view.models
        for measure in (ACCURACY, SOFT_ACCURACY)
        if view.rows(PART, FIGURES, measure=measure, label=label, variant=variant)
    ]  # fmt: skip
    people = [
        element(
            "tr",
            element("td", ""), element("td", "people"), element("td", measure),
            *(element("td", _ceiling(view, measure, own), class_="number") for own in columns),
        )
        for measure in (ONE_AGAINST_OTHERS, MAJORITY_SHARE)
    ]  # fmt: skip
    return element(
        "details",
        element("summary", "Accuracy and share of people, also over all levels"),
        element("div", element("table", head, *rows, *people), class_="card scroll"),
    )


def who_was_left_out(data: Json) -> Markup:
    """Counts and rules."""
    people, trials, triplets = data["participants"], data["trials"], data["triplets"]
    images, rules = data["images"], data["rules"]
    levels = data["levels"][_ALL]
    facts = [
        fact(
            "participants",
            f"{people['num_kept']:,} of {people['num_participants']:,}; "
            f"{people['num_kept_with_a_set_of_their_own']:,} of them with a set of trials of their "
            f"own. Left out: {people['num_below_catch_accuracy']:,} for catch trials, "
            f"{people['num_above_missed_trials']:,} for missed trials",
        ),
        fact(
            "trials",
            f"{count(trials['num_trials'])}, of which "
            f"{count(trials['num_trials_of_left_out_participants'])} of participants left out, "
            f"{count(trials['num_missed'])} missed and "
            f"{count(trials['num_slow_left_out_of_times'])} too slow for the times",
        ),
        fact(
            "triplets",
            f"{count(triplets['num_triplets'])}; left out: "
            f"{count(triplets['num_with_few_responses'])} with few responses, "
            f"{count(triplets['num_without_an_image'])} without one of their images; "
            f"{count(levels['num_with_one_response'])} with one response, "
            f"{count(levels['num_without_time'])} without a response time",
        ),
        fact(
            "stimuli",
            f"{count(images['num_stimuli'])}, {count(images['num_missing'])} missing, "
            f"{count(images['num_rejected'])} rejected",
        ),
        *(fact(f"rule: {name}", words) for name, words in rules.items()),
    ]  # fmt: skip
    return element(
        "details",
        element("summary", "Whose answers count, and what was left out"),
        element("dl", *facts, class_="facts"),
    )


def _shares(view: View, measure: str, similarity: str, label: str, variant: str, level: str) -> str:
    found: list[Row] = view.rows(
        PART, FIGURES, measure=measure, similarity=similarity, label=label, variant=variant,
        level=level,
    )  # fmt: skip
    return _interval(found)


def _ceiling(view: View, measure: str, level: str) -> str:
    return _interval(view.rows(PART, CEILINGS, measure=measure, level=level))


def _interval(found: Sequence[Row]) -> str:
    if not found or found[0]["estimate"] is None:
        return ""
    own = found[0]
    return f"{share(own['estimate'])} [{100 * own['low']:z.1f}, {100 * own['high']:z.1f}]"
