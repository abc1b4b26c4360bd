"""What a class strategy can draw is what a loop over the split's labels counts."""

from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.generation.classes import num_drawable
from alignet_ray.generation.plan import SplitPlan
from alignet_ray.generation.splits import expected_coverage

SPLIT = SplitPlan(
    split="train", first_row=3, last_row=20, blocks=(2, 2), groups_per_shard=1, num_shards=1
)
LABELS = st.lists(st.none() | st.sampled_from("abcd"), min_size=20, max_size=30)


@given(LABELS, st.sampled_from([(2, 1), (2, 2), (3,), (4, 4)]))
def test_it_is_what_a_loop_counts(labels, blocks):
    own = [label for label in labels[3:20] if label is not None]
    sizes = Counter(own)
    expected = sum(sizes[label] >= min(blocks) for label in own)
    chunked = pa.chunked_array([labels[:7], labels[7:]], pa.string())
    assert num_drawable(chunked, replace(SPLIT, blocks=blocks)) == expected


def test_images_that_cannot_be_drawn_stay_uncovered():
    assert expected_coverage(100, 10**6, 60) == pytest.approx(0.6)
    assert expected_coverage(100, 50, 100) == expected_coverage(100, 50)
    assert expected_coverage(100, 50, 0) == 0
