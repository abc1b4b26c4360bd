"""The section says every figure in words, and why one is not there."""

import pytest

from alignet_ray.evaluation.hierarchy.distances import (
    DISTANCE,
    LAYER_DISTANCE,
    LEVELS,
    SEPARATION,
)
from alignet_ray.evaluation.hierarchy.shown import MOST_COLOURED
from alignet_ray.evaluation.report.hierarchy_regression import p_text, regression_card
from alignet_ray.evaluation.report.hierarchy_section import hierarchy_section
from alignet_ray.evaluation.report.view import View
from alignet_ray.pages.scatter import NUM_COLOURS

DATA = {
    "num_given": 2000, "num_images": 1590, "num_without_label": 0, "num_outside_hierarchy": 410,
    "num_classes": 890, "num_classes_of_one_image": 700, "num_basic": 400,
    "num_superordinate": 1, "rejected_images": {"a": "broken"},
}  # fmt: skip
CHANGES = dict(zip(LEVELS, (None, -0.25, -0.125, 0.0625), strict=True))
EFFECT = {"coefficient": -0.31, "standard_error": 0.02, "p_value": 1e-9}
REGRESSION = {
    "label": "mine", "reference": "different superordinate", "groups": "g",
    "intercept": {**EFFECT, "coefficient": 0.01, "p_value": 0.25},
    "effects": {"same basic": EFFECT, "same superordinate": {**EFFECT, "p_value": None}},
    "num_pairs": 8000, "num_groups": 29, "has_converged": False,
}  # fmt: skip


def row(measure, estimate, **of):
    ends = {"low": None, "high": None}
    if estimate is not None:
        ends = {"low": estimate - 0.05, "high": estimate + 0.05}
    why = {"undefined": "no two images of one class"} if estimate is None else {}
    return {"measure": measure, "estimate": estimate, **ends, "num": 9, "unit": "pairs",
            "label": "mine", **of, **why}  # fmt: skip


def view(**changes):
    between = {"from": "before", "to": "after"}
    part = {
        "data": DATA,
        "figures": [
            row(SEPARATION, value, variant=variant)
            for variant, value in (("before", 0.75), ("after", 0.875))
        ],
        "differences": [
            *(row(DISTANCE, value, level=level, **between) for level, value in CHANGES.items()),
            *(
                row(LAYER_DISTANCE, value, level=level, layer="block:2", **between)
                for level, value in CHANGES.items()
            ),
        ],
        "ceilings": [],
        "regressions": [REGRESSION],
        "explained": [
            {"label": "mine", "variant": v, "shares": [0.5, 0.25]} for v in ("before", "after")
        ],
        **changes,
    }
    one_map = {"label": "mine", "distances": [[-1.0, 0.5], [0.5, None]]}
    plane = {"label": "mine", "explained": [0.5, 0.25], "points": [[0.0, 1.0], [0.5, -1.0]]}
    shown = {
        "heat_maps": {
            "names": ["bird", "boat"], "num_left_out": 3,
            "maps": [{**one_map, "variant": v} for v in ("before", "after")],
        },
        "planes": {
            "names": ["bird"], "categories": [0, -1],
            "planes": [{**plane, "variant": v} for v in ("before", "after")],
        },
    }  # fmt: skip
    results = {
        "parts": {"hierarchy": part},
        "models": [{"label": "mine", "variant": v} for v in ("before", "after")],
        "settings": {"similarities": ["dot"]},
    }
    return View(results=results, shown={"hierarchy": shown})


def test_everything_is_said(read_page):
    reader = read_page(hierarchy_section(view()).encode())
    text = reader.text.replace("\N{NO-BREAK SPACE}", " ")
    for said in (
        "1,590 images of 890 classes (700 of them with one image)",
        "1 superordinate one.",
        "Left out: 410 of classes outside the hierarchy, 1 not readable.",
        "-0.250 [-0.300, -0.200]",
        "0.062 [",
        "mine, same class: no two images of one class",
        "shrink by 0.310 between images of one basic category (p < 0.001)",
        "(p not defined)",
        "There they change by +0.010 (p = 0.250).",
        "did not converge",
        "8,000 in 29 categories",
        "The 3 smaller ones are not shown.",
        "other categories",
        "first component, 50.0 % of the variance",
        "variance that the first 2 components hold",
        "before 75.0 %after 75.0 %",
        "change of distance by layer and relation, mine",
        "0.875",
    ):
        assert said in text, said
    maps = [name for name in reader.names if name == "image"]
    assert len(maps) == 3, "before, after and the change"


def test_without_pairs_maps_and_layers_the_rest_stands(read_page):
    alone = view(differences=[], regressions=[])
    text = read_page(hierarchy_section(View(results=alone.results)).encode()).text
    assert "How far superordinate categories are apart" in text
    assert "How distances change" not in text
    assert "Which categories" not in text
    assert hierarchy_section(View(results={**alone.results, "parts": {}})) is None


def test_no_relation_defined_is_words_alone(read_page):
    between = {"from": "before", "to": "after"}
    nothing = [row(DISTANCE, None, level=level, **between) for level in LEVELS]
    layers = [
        row(LAYER_DISTANCE, None, level=level, layer="block:0", **between) for level in LEVELS
    ]
    text = read_page(hierarchy_section(view(differences=[*nothing, *layers])).encode()).text
    assert text.count("no two images of one class") == 4


def test_a_label_without_a_regression_says_why(read_page):
    card = regression_card([{"label": "mine", "undefined": "1 clusters"}])
    assert "mine: no regression, 1 clusters." in read_page(card.encode()).text


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "p < 0.001"), (0.0312, "p = 0.031"), (None, "p not defined")]
)
def test_p(value, said):
    assert p_text(value) == said


def test_there_are_as_many_colours_as_categories_that_are_coloured():
    assert NUM_COLOURS == MOST_COLOURED
