"""Charts of edge cases, and bins that lose nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.generation.report.charts import (
    draw_bins,
    draws_chart,
    elbow_curve,
    entropy_histogram,
    rank_curve,
)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=200))
def test_draw_bins_lose_no_image(counts):
    bins = draw_bins(np.array(counts))
    assert sum(number for _, number in bins) == sum(counts)
    assert bins[0] == ("0", counts[0])
    assert len(bins) <= 10


@pytest.mark.parametrize("sizes", [[5], [0, 0, 7], [1, 1], [10_000, 3, 0, 1], list(range(3000))])
@pytest.mark.parametrize("least", [None, 1, 4, 50])
def test_sizes_of_any_shape_are_drawn(sizes, least, read_page):
    drawn = rank_curve(np.array(sizes), least)
    read_page(drawn.encode())
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert len(drawn) < 30_000
    assert ("eligible: K" in drawn) == (least is not None)


@pytest.mark.parametrize("entropies", [[0.0], [1.0986123], [0.2, 0.9, 1.05]])
def test_entropies_of_any_kind_are_drawn(entropies, read_page):
    own = np.array(entropies)
    drawn = entropy_histogram({"train": own, "validation": own})
    reader = read_page(drawn.encode())
    assert "nan" not in drawn
    assert f"mean {own.mean():.2f}" in reader.text
    assert drawn.count('class="bar"') == len(entropies)


def test_an_elbow_of_one_point_is_drawn(read_page):
    read_page(elbow_curve([(4, 2.0)], 4).encode())


def test_images_that_were_all_drawn_once_are_drawn(read_page):
    reader = read_page(draws_chart(np.array([0, 9])).encode())
    assert "drawn 1 times: 100.0 % of images" in reader.text
