"""The similarity section says whose means are shown, and does not say more than ceilings do."""

import pytest

from alignet_ray.evaluation.report.similarity_section import similarity_section
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.similarity_agreement import MEAN_AGREEMENT
from alignet_ray.evaluation.similarity_rows import UPPER, WITH_EACH, WITH_PEOPLE
from alignet_ray.pages.document import document


def mean(variant, estimate):
    return {
        "measure": MEAN_AGREEMENT, "data": "cars", "variant": variant, "estimate": estimate,
        "low": None, "high": None, "num": 1, "unit": "pairs of models",
    }  # fmt: skip


def test_the_upper_ceiling_is_no_limit(read_page):
    of = {"data": "cars", "low": 0.1, "high": 0.5, "num": 3, "unit": "participants"}
    model = {"label": "s", "variant": "after"}
    part = {
        "figures": [
            {"measure": measure, "estimate": 0.4, **of, **model}
            for measure in (WITH_PEOPLE, WITH_EACH)
        ],
        "ceilings": [{"measure": UPPER, "estimate": 0.39, **of}],
        "data": {
            "domains": [
                {"name": "cars", "num_participants": 3, "num_embedded_images": 9,
                 "resampled": "images"}
            ]
        },
        "agreement": [],
    }  # fmt: skip
    results = {"parts": {"similarity": part}, "models": [model]}
    text = read_page(document("t", "", [similarity_section(View(results=results))], "end")).text
    assert "The best models lie near or below the dashed line" in text
    assert "No model can pass" not in text


@pytest.mark.parametrize(
    ("others", "said"),
    [([], "0.250 on average"), ([("plain", "as it is")], "0.250 on average between s, t")],
)
def test_means_say_of_which_models_they_are_where_others_join(read_page, others, said):
    names = [(label, variant) for label in "st" for variant in ("before", "after")] + others
    models = [{"label": label, "variant": variant} for label, variant in names]
    agreement = {
        "data": "cars", "num_images": 9, "models": models,
        "matrix": [[0.5] * len(models)] * len(models),
    }  # fmt: skip
    part = {
        "figures": [mean("before", 0.25), mean("after", 0.75)],
        "data": {"domains": []},
        "agreement": [agreement],
    }
    section = similarity_section(View(results={"parts": {"similarity": part}}))
    text = read_page(document("t", "", [section], "end")).text
    assert said in text
    assert ("between" in text.split("on average")[1]) == bool(others)
