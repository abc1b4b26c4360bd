"""Counts by source add up, and what a user should know of them is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.generation.cluster_sizes import ClusterSizes, count_clusters, size_warnings

ROWS = st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 2)), min_size=0, max_size=60)


@given(ROWS)
def test_counts_are_those_of_a_loop(rows):
    pairs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    expected: dict[tuple[int, int], int] = {}
    for cluster, source in rows:
        if cluster >= 0:
            expected[source, cluster] = expected.get((source, cluster), 0) + 1
    found = count_clusters(pairs[:, 0], pairs[:, 1])
    assert found == [[s, c, n] for (s, c), n in sorted(expected.items())]


def said(counts, least=4, sources=("a", "b")):
    sizes = ClusterSizes(counts=np.array(counts))
    return "\n".join(size_warnings(sizes, least=least, sources=sources))


def test_sound_clusters_have_no_warning():
    assert said([[50, 40], [45, 60]]) == ""


def test_empty_and_tiny_clusters_are_counted():
    text = said([[0, 3, 97]], sources=())
    assert "1 of 3 clusters are empty" in text
    assert "1 of 3 clusters have fewer than 4 images and are never drawn (3.0% of the im" in text


def test_clusters_that_follow_the_source_are_warned_of():
    assert "98% pure by source (a, b)" in said([[98, 2], [2, 98]])


@pytest.mark.parametrize(
    ("counts", "sources"),
    [
        ([[60, 40], [40, 60]], ("a", "b")),  # mixed
        ([[98, 2]], ("a",)),  # one source
        ([[98, 97], [3, 2]], ("a", "b")),  # nearly all images are of one source
    ],
)
def test_purity_is_no_news_where_it_must_be_so(counts, sources):
    assert "pure" not in said(counts, sources=sources)
