"""Candidates grow geometrically; the elbow is where a curve bends most."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.elbow import candidate_counts, elbow


@given(st.integers(1, 500), st.integers(0, 2000))
def test_candidates_rise_from_the_smallest_to_the_largest_in_bounded_steps(smallest, more):
    counts = candidate_counts(smallest, smallest + more)
    assert (counts[0], counts[-1]) == (smallest, smallest + more)
    for left, right in itertools.pairwise(counts):
        assert left < right <= max(left + 1, 1.5 * left + 1)


@pytest.mark.parametrize("bend", [4, 8, 16])
def test_the_bend_of_two_lines_is_found(bend):
    counts = (2, 4, 8, 16, 32)
    curve = [(c, 100 - 10 * min(c, bend) - 0.1 * max(0, c - bend)) for c in counts]
    assert elbow(curve) == bend


def test_the_elbow_does_not_depend_on_the_scale_of_the_inertia():
    curve = [(c, 1 / c) for c in candidate_counts(4, 256)]
    assert elbow(curve) == elbow([(c, 1e6 * y + 7) for c, y in curve])


@pytest.mark.parametrize("curve", [[(3, 1.0)], [(2, 1.0), (4, 1.0)], [(2, 1.0), (4, 2.0)]])
def test_a_curve_that_does_not_fall_has_its_first_count(curve):
    assert elbow(curve) == curve[0][0]


def test_planted_clusters_are_counted():
    from numpy.random import default_rng

    from alignet_ray.functional.clustering import assign, fit_kmeans

    rng = default_rng(0)
    centres = 30 * rng.normal(size=(12, 8))
    points = (centres[rng.integers(12, size=1200)] + rng.normal(size=(1200, 8))).astype("float32")
    curve = []
    for count in range(2, 40, 2):
        fitted = fit_kmeans(points, num_clusters=count, num_iterations=20, num_restarts=5, seed=0)
        curve.append((count, float(assign(points, fitted)[1].mean())))
    assert elbow(curve) in (10, 12, 14)
