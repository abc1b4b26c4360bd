"""The downstream section says every accuracy, change, sign test and count, of one set or many."""

import pytest

from alignet_ray.evaluation.downstream_figures import (
    ACCURACY,
    SOURCE_ACCURACY,
    TARGET_ACCURACY,
    sign_tests,
)
from alignet_ray.evaluation.report.downstream_section import downstream_section
from alignet_ray.evaluation.report.view import View
from alignet_ray.pages.document import document

RULES = {"few_shot": "C = 1, 20 draws, the same for all models"}


def row(measure, level, data, label, estimate, **of):
    return {
        "measure": measure, "level": level, "data": data, "label": label, "estimate": estimate,
        "low": estimate - 0.02, "high": estimate + 0.02, "num": 20, "unit": "draws", **of,
    }  # fmt: skip


def counts(name, **of):
    train = {"num_used": 8000, "num_classes": 200, "num_without_label": 12}
    test = {
        "name": name, "is_held_out": True, "num_used": 2000, "num_classes": 50,
        "scored_among": 50, "num_of_unknown_classes": 3,
    }  # fmt: skip
    shots = {
        "1": {"num_classes": 200, "num_classes_with_fewer_images": 0},
        "10": {"num_classes": 198, "num_classes_with_fewer_images": 2},
    }
    return {"name": name, "train": train, "tests": [test], "shots": shots, **of}


@pytest.fixture
def view():
    """Makes the results of some data sets and two students, with BREEDS on the first."""

    def make(*names):
        figures, differences = [], []
        cases = [(ACCURACY, "1-shot", name) for name in names]
        cases += [(m, "Entity-13 (rand)", names[0]) for m in (SOURCE_ACCURACY, TARGET_ACCURACY)]
        for place, (measure, level, name) in enumerate(cases):
            for label in ("one", "two"):
                for step, variant in enumerate(("before", "after")):
                    value = 0.3 + 0.04 * place + 0.05 * step
                    figures.append(row(measure, level, name, label, value, variant=variant))
                change = {"from": "before", "to": "after"}
                differences.append(row(measure, level, name, label, 0.05, **change))
        differences.append(
            row(
                ACCURACY,
                "1-shot",
                names[0],
                "two",
                0.01,
                **{"base": "one", "from": "one after", "to": "after"},
            )
        )
        task = {
            "name": "Entity-13 (rand)", "num_superclasses": 12, "num_superclasses_of_task": 13,
            "num_classes": 61, "num_classes_of_task": 260, "num_train_images": 1200,
        }  # fmt: skip
        sets = [counts(name, breeds=[task] if name == names[0] else []) for name in names]
        part = {
            "data": {"sets": sets, "rules": RULES}, "figures": figures, "differences": differences,
            "sign_tests": sign_tests(figures), "probes": [],
        }  # fmt: skip
        models = [{"label": label, "variant": v} for label in ("one", "two")
                  for v in ("before", "after")]  # fmt: skip
        return View(results={"models": models, "parts": {"downstream": part}})

    return make


def text_of(view, read_page):
    return read_page(document("title", "", [downstream_section(view)], "end"))


def test_one_data_set_is_told_whole(view, read_page):
    page = text_of(view("tiny"), read_page)
    for said in (
        "30.0\N{NO-BREAK SPACE}%", "35.0\N{NO-BREAK SPACE}%", "+5.0",
        "[+3.0,\N{NO-BREAK SPACE}+7.0]",
        "2.0\N{NO-BREAK SPACE}% guessing",
        "in 2 of 2\N{NO-BREAK SPACE}cases (data set and model), worse in 0",
        "(paper: 32 of 40)", "8,000\N{NO-BREAK SPACE}training images of 200 classes",
        "12 without a label", "scored among its own 50 classes",
        "3 of classes that were not trained on", "2 classes that have fewer images",
        "12 of 13 superclasses, 61 of 260 classes", "Source classes", "Target classes",
    ):  # fmt: skip
        assert said in page.text
    assert "circle" not in page.names, "two points are no scatter"
    assert "+1.0" not in page.text, "changes are those of one model"


def test_several_data_sets_are_lanes_and_a_scatter(view, read_page):
    page = text_of(view("tiny", "pets", "birds"), read_page)
    assert page.names.count("circle") == 6
    assert "6 of 6 lie above the line" in page.text
    assert "pets, two" in page.text
    assert "guessing" not in page.text, "each set has a chance of its own"


@pytest.mark.parametrize(
    ("scored_among", "with_shots", "said"),
    [
        (200, 200, "0.5\N{NO-BREAK SPACE}% guessing"),
        (200, 40, "2.5\N{NO-BREAK SPACE}% guessing"),
        (50, 200, "2.0\N{NO-BREAK SPACE}% guessing"),
        (50, 40, None),
    ],
)
def test_guessing_is_among_the_classes_of_the_probe(
    view, read_page, scored_among, with_shots, said
):
    one = view("tiny")
    (data,) = one.results["parts"]["downstream"]["data"]["sets"]
    data["tests"][0]["scored_among"] = scored_among
    data["shots"]["1"]["num_classes"] = with_shots
    page = text_of(one, read_page)
    assert said in page.text if said else "guessing" not in page.text


def test_what_was_not_measured_is_not_there(view):
    assert downstream_section(View(results={"models": [], "parts": {}})) is None
