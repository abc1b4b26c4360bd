"""What alignment buys downstream: accuracies with few labels, changes, and unseen subclasses."""

from collections.abc import Sequence

from alignet_ray.evaluation.downstream_figures import (
    ACCURACY,
    SOURCE_ACCURACY,
    TARGET_ACCURACY,
    shots_level,
)
from alignet_ray.evaluation.paper_figures import ONE_SHOT_SIGNS
from alignet_ray.evaluation.report.changes_table import changes_table
from alignet_ray.evaluation.report.downstream_scatter import scatter
from alignet_ray.evaluation.report.lanes import FIRST, axis
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import DIFFERENCES, FIGURES, Row
from alignet_ray.pages.dots import Ceiling, Dot, dot_plot
from alignet_ray.pages.markup import Markup, count, counted, element
from alignet_ray.records.digests import Json

PART = "downstream"
_DOMAINS = {
    SOURCE_ACCURACY: "other images of the classes that were trained on",
    TARGET_ACCURACY: "other classes of the same superclasses",
}
_LEAST_POINTS = 4


def downstream_section(view: View) -> Markup | None:
    """The section, None where it was not measured."""
    part = view.part(PART)
    if part is None:
        return None
    rules, sets = part["data"]["rules"], part["data"]["sets"]
    return element(
        "section",
        element("h2", "What does it buy downstream?"),
        element(
            "p",
            "Images are classified from frozen representations. Few-shot: a linear probe that saw "
            "one or a few images of each class, averaged over "
            f"{rules['few_shot'].partition(', ')[2]}. Linear probe: fitted on all training "
            "images. NN: the vote of the nearest training images. Higher is better; what counts "
            "is the step from before to after.",
            class_="lead",
        ),
        *_signs(part["sign_tests"], ACCURACY),
        element("div", *_cards(view, ACCURACY, sets), class_="two"),
        *changes_table(view.rows(PART, DIFFERENCES, measure=ACCURACY), "classification accuracy"),
        element("ul", *(element("li", line) for own in sets for line in _said(own)),
                class_="absent"),
        *_breeds(view, part),
    )  # fmt: skip


def _breeds(view: View, part: Json) -> list[Markup]:
    """Superclasses under subpopulation shift; nothing where none was measured."""
    counts = [(own["name"], task) for own in part["data"]["sets"] for task in own.get("breeds", ())]
    if not counts:
        return []
    cards: list[Markup] = []
    for measure, words in _DOMAINS.items():
        rows = view.rows(PART, FIGURES, measure=measure)
        if not rows:  # no model has test images of it
            return []
        title = measure.removeprefix("BREEDS accuracy on ")
        cards.append(_card(view, title[:1].upper() + title[1:], words, rows, (), by_level=True))
    lines = [
        f"{task['name']} on {data}: {task['num_superclasses']} of "
        f"{task['num_superclasses_of_task']} superclasses, {task['num_classes']} of "
        f"{task['num_classes_of_task']} classes, "
        f"{counted(task['num_train_images'], 'training image')}"
        for data, task in counts
    ]
    return [
        element("h2", "Does it hold for kinds it was not trained on?", class_="below"),
        element(
            "p",
            "BREEDS: a linear probe learns superclasses (dog, boat) from some of their classes "
            "(source) and is tested on others (target), which are dealt at random (rand), with "
            "similar ones in both (good) or apart (bad). The target tells how far it carries.",
            class_="lead",
        ),
        *_signs(part["sign_tests"], TARGET_ACCURACY),
        element("div", *cards, class_="two"),
        *changes_table(view.rows(PART, DIFFERENCES, measure=TARGET_ACCURACY), "target accuracy"),
        element("ul", *(element("li", line) for line in lines), class_="absent"),
    ]


def _signs(tests: Sequence[Json], measure: str) -> list[Markup]:
    """How many cases are better after alignment."""
    lines = [_sign(own) for own in tests if own["measure"] == measure]
    return [element("ul", *(element("li", line) for line in lines), class_="absent")]


def _sign(test: Json) -> Markup:
    level: str = test.get("level", "")
    better, cases = ONE_SHOT_SIGNS
    paper = f" (paper: {better} of {cases})" if level == shots_level(1) else ""
    return element(
        "span",
        *([element("b", level), ": "] if level else []),
        f"better after alignment in {test['num_better']} of {counted(test['num_cases'], 'case')} "
        f"({'data set and' if level else 'data set, task and'} model), worse in "
        f"{test['num_worse']}; sign test p = "
        f"{test['p_value']:.2g}{paper}",
    )


def _cards(view: View, measure: str, sets: Sequence[Json]) -> list[Markup]:
    """A card of lanes per probe, and a scatter where there are many cases."""
    rows = view.rows(PART, FIGURES, measure=measure)
    cards: list[Markup] = []
    for level in dict.fromkeys(own["level"] for own in rows):
        own = [row for row in rows if row["level"] == level]
        names = {row["data"] for row in own}
        among = _num_classes(sets, own[0]["data"], level) if len(names) == 1 else None
        ceilings = [Ceiling("guessing", 1 / among, "chance")] if among else []
        num, unit = own[0]["num"], own[0]["unit"]
        said = f"accuracy, 95 % intervals over {counted(num, unit.removesuffix('s'))}"
        cards.append(_card(view, level, said if len(names) == 1 else "accuracy, 95 % intervals",
                           own, ceilings))  # fmt: skip
        drawn = scatter(own, level, least=_LEAST_POINTS)
        cards += [] if drawn is None else [drawn]
    return cards


def _card(
    view: View,
    title: str,
    said: str,
    rows: Sequence[Row],
    ceilings: Sequence[Ceiling],
    *,
    by_level: bool = False,
) -> Markup:
    """Lanes of before and after, grouped by what they are of."""
    several = len({own["data"] for own in rows}) > 1
    order = {name: place for place, name in enumerate(view.models)}
    groups: dict[str, list[Dot]] = {}
    for own in sorted(
        rows,
        key=lambda own: (
            own["data"], own["level"], order.get((own["label"], own["variant"]), len(order))
        ),
    ):  # fmt: skip
        name = [own["data"]] * several + [own["level"]] * by_level + [own["label"]]
        state = "before" if own["variant"] in FIRST else "after"
        dot = Dot(state, own["estimate"], own["low"], own["high"], words=own["variant"])
        groups.setdefault(", ".join(name), []).append(dot)
    return element(
        "div",
        element("h3", title),
        element("p", said, class_="note"),
        dot_plot(groups, ceilings, *axis(rows, ceilings)),
        class_="card",
    )


def _num_classes(sets: Sequence[Json], data: str, level: str) -> int | None:
    """How many classes a probe chooses among on a test set; None where that is not known.

    A few-shot probe knows only the classes with so many images; which of those a test set of fewer
    classes has was not counted.
    """
    for own in sets:
        for test in (test for test in own["tests"] if test["name"] == data):
            num_train: int = own["train"]["num_classes"]
            scored: int = test["scored_among"]
            by_level = {shots_level(int(k)): n for k, n in own.get("shots", {}).items()}
            known: int = by_level[level]["num_classes"] if level in by_level else num_train
            if num_train in (known, scored):
                return min(known, scored)
    return None


def _said(own: Json) -> list[str]:
    """What a data set is, and what of it was left out."""
    train = own["train"]
    lines = [
        f"{own['name']}: {counted(train['num_used'], 'training image')} of "
        f"{train['num_classes']:,} classes{_left(train)}"
    ]
    for test in own["tests"]:
        where = "held out" if test["is_held_out"] else "of their own"
        among = (
            f", scored among its own {test['num_classes']:,} classes"
            if test["scored_among"] < train["num_classes"]
            else ""
        )
        lines.append(
            f"{test['name']}: {counted(test['num_used'], 'test image')} ({where})"
            f"{among}{_left(test)}"
        )
    lines += [
        f"{own['name']}, {shots}-shot: left out: "
        f"{count(found['num_classes_with_fewer_images'])} classes that have fewer images"
        for shots, found in own.get("shots", {}).items()
        if found["num_classes_with_fewer_images"]
    ]
    return lines


def _left(counts: Json) -> str:
    """What was left out, with commas before it."""
    words = {
        "num_without_label": "without a label",
        "num_of_unknown_classes": "of classes that were not trained on",
        "num_beyond_the_most": "beyond the most that are taken",
        "num_rejected": "broken",
    }
    left = [f"{count(counts[key])} {said}" for key, said in words.items() if counts.get(key)]
    return f"; left out: {', '.join(left)}" if left else ""
