"""The paper's figures of a variant: one rule for the overview and the lanes of Levels."""

import pytest

from alignet_ray.evaluation.paper_figures import LEVELS
from alignet_ray.evaluation.report.level_lanes import paper_dots
from alignet_ray.evaluation.report.paper_values import paper_values
from alignet_ray.evaluation.report.view import View

DINOV2 = {"name": "vit_base_patch14_dinov2.lvd142m", "random_init": False}


def model(variant, backbone=DINOV2):
    return {"label": "d", "variant": variant, "backbone": backbone}


@pytest.mark.parametrize(
    ("variant", "values"),
    [
        ("as it is", [0.5738, 0.5772]),
        ("untransformed", [0.5738, 0.5772]),
        ("before", [0.5738, 0.5772]),
        ("transformed", [0.6856]),
        ("after", [0.6856]),
    ],
)
def test_bases_have_the_figures_before_and_all_others_those_after(variant, values):
    found = list(paper_values(model(variant)))
    assert [own.value for own in found] == values
    assert {own.figure.data for own in found} == {LEVELS}
    dots = paper_dots(View(results={"models": [model(variant)]}), "coarse")["d"]
    assert [dot.estimate for dot in dots] == values[:1]


def test_random_weights_and_ready_embeddings_are_none_of_the_papers():
    assert not list(paper_values(model("before", DINOV2 | {"random_init": True})))
    assert not list(paper_values(model("as it is", None)))
