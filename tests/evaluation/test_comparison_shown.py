"""However many labels there are, few comparisons are pictures, and none is lost."""

import pytest

from alignet_ray.evaluation.comparison_shown import MOST_PICTURED, others, pictured


def comparisons_of(num_labels):
    labels = [f"m{number}" for number in range(num_labels)]
    own = [{"label": label, "from": "before", "to": "after"} for label in labels]
    across = [
        {"label": second, "base": first, "from": f"{first} after", "to": "after"}
        for place, first in enumerate(labels)
        for second in labels[place + 1 :]
    ]
    return own + across


def test_each_label_against_its_base_and_the_reference():
    shown = pictured(comparisons_of(4))
    assert {one["base"] for one in shown if "base" in one} == {"m0"}
    assert len(shown) == 4 + 3
    assert {one["base"] for one in others(comparisons_of(4))} == {"m1", "m2"}


@pytest.mark.parametrize("num_labels", [1, 2, 5, 30])
def test_the_number_of_pictures_is_bounded_and_nothing_is_lost(num_labels):
    every = comparisons_of(num_labels)
    shown = pictured(every)
    assert len(shown) <= MOST_PICTURED
    assert sorted(map(str, shown + others(every))) == sorted(map(str, every))
    assert pictured(shown) == shown, "what lies beside the results may hold these alone"
