"""The Gram matrix is the exact one, rounded once: so nothing else can move its bits."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.functional.similarity import gram_matrix

SCALES = st.sampled_from([0, 0, 4, 8, 16])


@st.composite
def embeddings(draw):
    """Vectors of wide dynamic range, some zero, some nearly orthogonal or nearly alike."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    images, dim = draw(st.integers(1, 5)), draw(st.integers(1, 24))
    vectors = random.normal(size=(images, dim))
    for axis in ((images, 1), (1, dim), (images, dim)):
        vectors = vectors * 10.0 ** (draw(SCALES) * random.uniform(-1, 1, size=axis))
    if draw(st.booleans()):
        vectors[random.random(vectors.shape) < 0.5] = 0
    if draw(st.booleans()) and dim > 1:
        vectors[0, : dim // 2 * 2] = np.stack(
            [vectors[-1, 1 : dim // 2 * 2 : 2], -vectors[-1, 0 : dim // 2 * 2 : 2]], axis=1
        ).reshape(-1)
    return np.clip(vectors, -1e18, 1e18).astype(np.float32)


def nearest_float32(value: Fraction) -> np.float32:
    """The float32 nearest to a fraction, ties to the even one, by comparing neighbours."""
    guess = np.float32(float(value))
    around = [np.nextafter(guess, np.float32(side)) for side in (-np.inf, np.inf)]
    return min(
        [guess, *around],
        key=lambda c: (abs(Fraction(float(c)) - value), int(c.view(np.int32)) % 2),
    )


def literal_gram(vectors: np.ndarray) -> np.ndarray:
    rows = [[Fraction(float(x)) for x in row] for row in vectors]
    return np.array(
        [
            [nearest_float32(sum(a * b for a, b in zip(l, r, strict=True))) for r in rows]
            for l in rows  # noqa: E741
        ],
        dtype=np.float32,
    )


def assert_same_bits(left: np.ndarray, right: np.ndarray) -> None:
    assert left.dtype == right.dtype == np.float32
    np.testing.assert_array_equal(left.view(np.int32), right.view(np.int32))


@given(embeddings())
@settings(max_examples=150, deadline=None)
def test_it_is_the_exact_dot_product_rounded_once(vectors):
    np.testing.assert_array_equal(gram_matrix(vectors), literal_gram(vectors))


def test_a_sum_beside_the_middle_of_two_float32_is_rounded_to_its_own_side():
    # 1 + 2^-24 lies in the middle; what decides is 2^-60, which no float64 sum can hold.
    for sign, expected in ((1, 1 + 2.0**-23), (-1, 1.0), (0, 1.0)):
        left = np.array([1, 2.0**-12, 2.0**-30], dtype=np.float32)
        right = np.array([1, 2.0**-12, sign * 2.0**-30], dtype=np.float32)
        assert gram_matrix(np.stack([left, right]))[0, 1] == expected


@given(embeddings())
@settings(max_examples=50, deadline=None)
def test_it_is_symmetric_to_the_bit(vectors):
    gram = gram_matrix(vectors)
    assert_same_bits(gram, np.ascontiguousarray(gram.T))


def large():
    random = np.random.default_rng(5)
    return (random.normal(size=(40, 384)) * random.uniform(0.1, 30, size=384)).astype(np.float32)


def test_the_order_of_features_does_not_matter():
    vectors = large()
    order = np.random.default_rng(1).permutation(vectors.shape[1])
    assert_same_bits(gram_matrix(vectors), gram_matrix(vectors[:, order]))


def test_permuting_images_permutes_the_matrix():
    vectors = large()
    order = np.random.default_rng(2).permutation(len(vectors))
    expected = np.ascontiguousarray(gram_matrix(vectors)[np.ix_(order, order)])
    assert_same_bits(gram_matrix(vectors[order]), expected)


def test_a_block_is_the_same_alone_and_in_the_whole():
    vectors = large()
    vectors[20:] *= np.float32(1e6)
    expected = np.ascontiguousarray(gram_matrix(vectors)[3:17, 3:17])
    assert_same_bits(gram_matrix(vectors[3:17]), expected)


def test_a_batch_is_its_matrices_one_by_one():
    batch = large().reshape(4, 10, 384)
    assert_same_bits(gram_matrix(batch), np.stack([gram_matrix(one) for one in batch]))


def test_zero_vectors_have_similarity_zero():
    vectors = large()[:3]
    vectors[1] = 0
    gram = gram_matrix(vectors)
    assert_same_bits(gram[1], np.zeros(3, np.float32))
    assert_same_bits(gram_matrix(np.zeros((2, 5), np.float32)), np.zeros((2, 2), np.float32))
