"""Lost groups are counted epoch by epoch, and too many of them are an error."""

import pytest

from alignet_ray.errors import RecordError
from alignet_ray.functional.planner import Layout
from alignet_ray.training.lost_groups import lost_in_epoch

LAYOUT = Layout(group_counts=(10, 10), seed=0, groups_per_step=4, num_streams=2, shuffle_buffer=2)


def test_an_epoch_begins_with_nothing_lost() -> None:
    assert lost_in_epoch(LAYOUT, 4, 1, 2, 0.2) == 3
    assert lost_in_epoch(LAYOUT, 5, 1, 3, 0.2) == 1  # the first step of the second epoch


def test_what_was_lost_before_a_resume_counts() -> None:
    with pytest.raises(RecordError, match=r"5 of the 20 groups of epoch 0 are missing or broken"):
        lost_in_epoch(LAYOUT, 3, 1, 4, 0.2)
