"""The right order wins where there is evidence, and nothing is decided where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.row_order import (
    CLEARLY,
    evidence_of_choices,
    evidence_of_images,
    other_orders,
    z_score,
)

NUM_OBJECTS = 120


def world(seed=0):
    """Human vectors, images that show half of what matters, and choices by the vectors."""
    random = np.random.default_rng(seed)
    vectors = random.uniform(0, 2, size=(NUM_OBJECTS, 5))
    images = np.hstack([vectors[:, :3], random.normal(size=(NUM_OBJECTS, 3))])
    triplets = np.array([random.permutation(NUM_OBJECTS)[:3] for _ in range(1500)])
    noisy = pair_similarities(vectors, triplets) + random.gumbel(size=(1500, 3))
    return vectors, images, *count_choices(triplets, 2 - noisy.argmax(axis=1))


def swapped(num_moved):
    """An order that moves the first few objects by one place."""
    return np.concatenate([np.roll(np.arange(num_moved), 1), np.arange(num_moved, NUM_OBJECTS)])


def test_the_orders_of_things():
    names = ("hot-air_balloon", "hot_tub", "ice", "ice-cream_cone", "ice_cream", "pepper1",
             "pepper_mill")  # fmt: skip
    orders = other_orders(names)
    assert list(orders) == ["ids sorted as names of files", "ids sorted with '_' as a space"]
    assert orders["ids sorted as names of files"].tolist() == [0, 1, 3, 2, 4, 5, 6]
    assert orders["ids sorted with '_' as a space"].tolist() == [1, 0, 2, 4, 3, 6, 5]
    assert other_orders(("a", "b")) == {}
    assert [rows.tolist() for rows in other_orders(("b", "a")).values()] == [[1, 0]] * 3


@given(st.permutations(["a", "b_", "b-", "b", "ba", "a b"]))
def test_rows_put_a_sorted_embedding_right(names):
    for title, rows in other_orders(names).items():
        assert sorted(rows.tolist()) == list(range(len(names)))
        if title == "sorted ids":
            assert [sorted(names)[row] for row in rows] == names


def test_a_wrong_order_is_found_by_choices_and_by_images():
    vectors, images, triplets, counts = world()
    order = swapped(40)
    wrong = vectors[np.argsort(order)]  # so that wrong[order] is right
    for given_vectors, is_other_right in ((wrong, True), (vectors, False)):
        other = given_vectors[order]
        by_choices = z_score(evidence_of_choices(given_vectors, other, triplets, counts))
        by_images = z_score(evidence_of_images(given_vectors, other, images))
        for z in (by_choices, by_images):
            assert z > CLEARLY if is_other_right else z < -CLEARLY


def test_choices_equal_the_literal_formula():
    vectors, _, triplets, counts = world()
    order = swapped(20)
    evidence = evidence_of_choices(vectors, vectors[order], triplets, counts)
    gains = []
    for (i, j, k), n in zip(triplets, counts, strict=True):
        if min(i, j, k) >= 20:
            continue
        each = []
        for v in (vectors, vectors[order]):
            e = np.exp([v[i] @ v[j], v[i] @ v[k], v[j] @ v[k]])
            each.append((n / n.sum()) @ np.log(e / e.sum()))
        gains.append(each[1] - each[0])
    assert evidence == pytest.approx(np.array(gains))


def test_images_equal_the_literal_formula():
    vectors, images, _, _ = world()
    order = swapped(7)
    evidence = evidence_of_images(vectors, vectors[order], images)
    centred = images - images.mean(axis=0)
    units = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    for row, gain in enumerate(evidence):
        others = [column for column in range(NUM_OBJECTS) if column != row]
        seen = units[others] @ units[row]
        first, second = (
            np.corrcoef(seen, v[others] @ v[row])[0, 1] for v in (vectors, vectors[order])
        )
        assert gain == pytest.approx(second - first)


def test_few_items_decide_nothing_however_clear():
    assert z_score(np.full(8, 1e6)) == pytest.approx(8**0.5)
    assert z_score(np.full(8, 1e6)) < CLEARLY
    assert z_score(np.array([])) == 0
    assert z_score(np.zeros(50)) == 0


def test_no_evidence_in_noise():
    random = np.random.default_rng(3)
    scores = []
    for _ in range(200):
        vectors, noise = random.normal(size=(2, 60, 4))
        scores.append(z_score(evidence_of_images(vectors, np.roll(vectors, 1, axis=0), noise)))
    assert np.mean(np.array(scores) > CLEARLY) <= 0.01
