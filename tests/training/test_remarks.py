"""A student that went wrong is never praised: what its figures ask for is said."""

import math

import pytest

from alignet_ray.training.remarks import better_checkpoint, remarks

ONE = {"accuracy": 0.6, "expected_agreement": 0.5, "student_entropy": 0.8, "triplets": 5000}


def figures(after=None, **changes):
    after = {**ONE, **(after or {})}
    return {"validation": {"before": ONE, "after": after}, "skipped_groups": 0, **changes}


def test_a_good_student_asks_for_no_word():
    assert remarks(figures({"accuracy": 0.7})) == ()
    assert remarks(figures({"accuracy": 0.595})) == ()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            figures({"accuracy": 0.0, "student_entropy": math.log(3)}),
            "representations are constant",
        ),
        (
            {"validation": None, "last_step": {"triplets": 9, "accuracy": 0.0}},
            "representations are constant",
        ),
        (figures({"accuracy": 0.5}), "fell from 60.0% to 50.0%"),
        (figures(skipped_groups=7), "skipped 7 groups"),
        (figures({"triplets": 48}), "48 validation triplets only"),
    ],
)
def test_what_went_wrong_is_said_once(found, words):
    (said,) = remarks(found)
    assert words in said


def test_the_student_without_its_head_stands_beside():
    own = {"without_head": {"accuracy": 0.4, "expected_agreement": 0.35}}
    found = figures(own)
    found["validation"]["before"] = {**ONE, **own}
    (said,) = remarks(found)
    assert "without it agrees 40.0% -> 40.0%" in said


def test_a_checkpoint_that_was_better_is_shown_with_its_place():
    best = {"kl": 0.25, "step": 20}
    lines = list(better_checkpoint({"best": best, "exported_step": 30}, "out"))
    assert "KL 0.2500 at step 20" in lines[0]
    assert "out/checkpoints/00000020/trunk.safetensors" in lines[1]
    assert not list(better_checkpoint({"best": best, "exported_step": 20}, "out"))
