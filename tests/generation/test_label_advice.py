"""Labels that teach little are said to, with a remedy that can be typed."""

import numpy as np
import pytest

from alignet_ray.generation.label_advice import label_advice
from alignet_ray.generation.report.facts import EntropyFacts

HARD, SOFT, SOUND = [0.0, 0.01, 0.5, 0.0], [1.095, 0.5, 1.0986, 1.0986], [0.3, 0.9, 0.7, 0.8]


def said(entropies, human=None, shards=None):
    own = EntropyFacts(
        split="train", entropies=np.array(entropies), teacher_temperature=2.5,
        human_temperature=human,
    )  # fmt: skip
    return label_advice(own, shards or {}, "/runs/a")


@pytest.mark.parametrize(
    ("entropies", "parts"),
    [
        (HARD, ("75% of the labels are nearly one-hot", "above 2.5")),
        (SOFT, ("75% of the labels are nearly uniform", "below 2.5")),
    ],
)
def test_the_remedy_is_another_root_on_the_same_images(entropies, parts):
    text = said(entropies)
    for part in (*parts, "another --output", "--images-from /runs/a nothing is embedded again"):
        assert part in text


def test_sound_labels_need_nothing():
    assert "nothing needs to be changed" in said(SOUND)
    assert "another --output" not in said(SOUND)


def test_the_temperature_of_people_is_named_where_there_is_one():
    assert "at 74.7 their mean entropy would be 0.73 nats" in said(HARD, human=74.68)
    assert "0.73" not in said(HARD)


def test_the_flag_is_that_of_the_job_that_made_the_run():
    assert "--shards.teacher-temperature above" in said(HARD)
    assert " a --teacher-temperature above" in said(HARD, shards={"converted": {}})
