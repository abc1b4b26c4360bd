"""Pictures of disagreements: who is called what, whose odd one is marked, whom people follow."""

import pytest

from alignet_ray.evaluation.comparison import CHANGE, DIFFERENT, WITH_FROM, WITH_TO
from alignet_ray.evaluation.report.comparison_section import (
    comparison_section,
    names_of,
    title_of,
)
from alignet_ray.evaluation.report.view import View

OWN = {"label": "s", "from": "before", "to": "after"}
ACROSS = {
    "label": "s", "base": "my teacher", "from": "my teacher transformed", "to": "after"
}  # fmt: skip


def view_of(people, **of):
    triplet = {
        "images": ["a", "b", "c"],
        "people": people,
        "from": [0.1, 0.2, 0.7],  # a is the odd one
        "to": [0.8, 0.1, 0.1],  # c is
        "divergence": 0.3,
    }
    pair = {"images": ["a", "c"], "difference": 2.34}
    less = {"images": ["a", "b"], "difference": -1.25}
    comparison = {**of, "triplets": [triplet], "more_alike": [pair], "less_alike": [less]}
    measures = [DIFFERENT] if people is None else [DIFFERENT, WITH_FROM, WITH_TO, CHANGE]
    rows = [
        {"measure": own, **of, "estimate": 0.25, "low": 0.125, "high": 0.375, "num": 40}
        for own in measures
    ]
    data = {
        "name": "THINGS", "num_triplets": 40, "num_images_in_pairs": 3, "mean_entropy": 0.7,
        "triplets": "drawn" if people is None else "people's", "similarity": "centred_cosine",
        "mean_entropy_of": "people's choices",
    }  # fmt: skip
    part = {"data": data, "comparisons": [comparison], "differences": rows}
    pictures = {"a": {"uri": "data:image/jpeg;base64,AA==", "label": None},
                "b": {"uri": None, "label": "a cat"}}  # fmt: skip
    return View(
        results={"parts": {"comparison": part}}, shown={"comparison": {"pictures": pictures}}
    )


def test_names_are_variants_of_one_label_or_labels():
    assert names_of(OWN) == ("before", "after")
    assert title_of(OWN) == "s: after against before"
    assert names_of(ACROSS) == ("my teacher", "s")
    assert title_of(ACROSS) == "s after against my teacher transformed"


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([9, 1, 0], "after agrees with people"),
        ([0, 1, 9], "before agrees with people"),
        ([0, 9, 1], "neither agrees with people"),
        ([5, 0, 5], "both agree with people"),  # two are as often the odd one out
    ],
)
def test_people_agree_with_one_of_the_two(people, said, read_page):
    text = str(comparison_section(view_of(people, **OWN)))
    read = read_page(text.encode())
    assert said in read.text
    assert "people (10)" in read.text
    assert "people side with after in 25.0" in read.text
    assert "+25.0 points [+12.5, +37.5]" in read.text
    assert text.count('class="odd"') == (2 if people[0] == people[2] else 1)


def test_without_people_the_second_models_odd_one_is_marked(read_page):
    read = read_page(str(comparison_section(view_of(None, **ACROSS))).encode())
    assert "drawn at random" in read.text
    assert "odd one out for the second model" in read.text
    assert "people (" not in read.text
    for said in ("+2.3", "-1.2", "a cat", "More alike for s than for my teacher"):
        assert said in read.text


def test_nothing_compared_is_no_section():
    part = {"data": {}, "comparisons": [], "differences": []}
    assert comparison_section(View(results={"parts": {"comparison": part}})) is None
    assert comparison_section(View(results={"parts": {}})) is None


def test_what_is_not_shown_as_pictures_is_a_table_that_says_where_the_rest_is(read_page):
    view = view_of([9, 1, 0], **OWN)
    part = view.results["parts"]["comparison"]
    (shown,), rows = part["comparisons"], part["differences"]
    more = [{"label": f"m{n}", "from": "before", "to": "after"} for n in range(9)]
    part["comparisons"] += [{**shown, **own} for own in more]
    part["differences"] += [{**row, **own} for row in rows for own in more]
    text = str(comparison_section(view))
    assert text.count("<details") == 8 + 1
    said = read_page(text.encode()).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "2 more comparisons, without pictures" in said
    assert "these figures in figures.csv" in said
    assert said.count("+25.0 points [+12.5, +37.5]") == 2 + 8
