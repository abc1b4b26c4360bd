"""The overview table: every chief measure, the best, changes beyond chance, the paper's figures."""

import pytest

from alignet_ray.evaluation.report.models_section import models_section
from alignet_ray.evaluation.report.view import View

TEACHER = {"name": "vit_so400m_patch14_siglip_384.webli", "random_init": False}


def model(label, variant, backbone=None):
    return {"label": label, "variant": variant, "backbone": backbone}


def row(label, variant, estimate, **of):
    return {
        "measure": "accuracy", "label": label, "variant": variant, "estimate": estimate,
        "low": estimate, "high": estimate, "num": 9, "unit": "responses", **of,
    }  # fmt: skip


def change(label, low, high, **of):
    return {
        "measure": "accuracy", "label": label, "from": "before", "to": "after",
        "estimate": (low + high) / 2, "low": low, "high": high, "num": 9, "unit": "x", **of,
    }  # fmt: skip


@pytest.fixture
def results():
    figures = [
        *(
            row("s", v, e, similarity="centred_cosine")
            for v, e in (("before", 0.412), ("after", 0.523))
        ),
        *(
            row("t", v, e, similarity="centred_cosine")
            for v, e in (("before", 0.634), ("after", 0.615))
        ),
        row("s", "after", 0.999, similarity="dot"),
        row("s", "after", 0.888, measure="no chief measure"),
    ]
    changes = [
        change("s", 0.05, 0.2, similarity="centred_cosine"),
        change("t", -0.05, -0.01, similarity="centred_cosine"),
    ]
    alike = [
        row("s", "after", 0.25, measure="rank correlation", data="cars"),
        row("s", "after", None, measure="rank correlation", data="animals", undefined="constant"),
        {"measure": "rank correlation", "variant": "after", "estimate": 0.1, "data": "all"},
    ]
    return {
        "settings": {"similarities": ["dot", "centred_cosine"], "temperatures": [1.0]},
        "models": [
            model(label, variant, TEACHER if label == "t" else None)
            for label in "st"
            for variant in ("before", "after")
        ],
        "headlines": [
            {"part": "odd_one_out", "measure": "accuracy"},
            {"part": "similarity", "measure": "rank correlation"},
        ],
        "parts": {
            "odd_one_out": {"figures": figures, "differences": changes},
            "similarity": {"figures": alike, "differences": []},
        },
    }


def test_models_are_rows_and_chief_measures_columns(results, read_page):
    text = str(models_section(View(results=results)))
    read = read_page(text.encode())
    said = read.text
    for words in ("accuracy", "rank correlation", "cars", "animals", "41.2", "52.3", "0.250"):
        assert words in said
    assert "99.9" not in said  # of another similarity
    assert "88.8" not in said
    assert said.count("\N{BLACK UP-POINTING TRIANGLE}") == 1 + 1  # and in the words above
    assert said.count("\N{BLACK DOWN-POINTING TRIANGLE}") == 1 + 1
    assert 'title="constant"' in text
    assert text.count('class="number best"') == 2
    assert "<b>63.4" in text
    assert "THINGS 44.2" in said
    assert "THINGS 61.7" in said


def test_no_paper_column_where_no_model_is_the_papers_and_no_table_of_one_model(results):
    for own in results["models"]:
        own["backbone"] = None
    assert ">paper<" not in str(models_section(View(results=results)))
    assert models_section(View(results={**results, "headlines": []})) is None
    assert models_section(View(results={**results, "models": results["models"][:1]})) is None


def test_of_distances_none_is_the_best(results):
    for own in results["parts"]["odd_one_out"].values():
        for row in own:
            row["measure"] = row["measure"].replace("accuracy", "mean distance")
    results["headlines"][0]["measure"] = "mean distance"
    text = str(models_section(View(results=results)))
    assert "0.634" in text
    assert text.count('class="number best"') == 1  # of the rank correlations
    assert text.count("\N{BLACK UP-POINTING TRIANGLE}") == 1


def test_many_models_are_several_tables_each_with_all_measures(results):
    view = View(results={**results, "models": [model(f"m{n}", "after") for n in range(13)]})
    results["parts"]["odd_one_out"]["figures"] = [
        row(f"m{n}", "after", 0.1 + n / 100, similarity="centred_cosine") for n in range(13)
    ]
    text = str(models_section(view))
    assert text.count("<table") == 3
    assert text.count("accuracy</th>") == 3
    assert text.count('class="number best"') == 1, "the best of all, not of each table"
