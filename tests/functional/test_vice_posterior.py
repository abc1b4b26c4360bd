"""Posterior probabilities: a law, the softmax without noise, and the mean of samples with it."""

import numpy as np

from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.vice_posterior import pair_probabilities, posterior_probabilities

TRIPLETS = np.array([[0, 1, 2], [3, 1, 4], [4, 2, 0]])


def softmax(embedding, triplets):
    dots = [(embedding[triplets[:, i]] * embedding[triplets[:, j]]).sum(1) for i, j in PAIR_ORDER]
    powers = np.exp(np.stack(dots, axis=1))
    return powers / powers.sum(axis=1, keepdims=True)


def test_without_noise_it_is_the_softmax_of_rectified_means():
    mean = np.random.default_rng(0).normal(size=(5, 3))
    found = posterior_probabilities(mean, np.zeros_like(mean), TRIPLETS, num_samples=2, seed=0)
    np.testing.assert_allclose(found, softmax(np.maximum(mean, 0), TRIPLETS), rtol=1e-5)


def test_with_noise_it_is_the_mean_over_samples():
    rng = np.random.default_rng(1)
    mean, scale = rng.normal(size=(5, 3)), rng.uniform(0.2, 1.0, size=(5, 3))
    found = posterior_probabilities(mean, scale, TRIPLETS, num_samples=4000, seed=0)
    noise = rng.normal(size=(4000, 5, 3))
    samples = [softmax(np.maximum(mean + scale * one, 0), TRIPLETS) for one in noise]
    np.testing.assert_allclose(found, np.mean(samples, axis=0), atol=0.02)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_the_order_of_triplets_changes_nothing():
    rng = np.random.default_rng(2)
    mean, scale = rng.normal(size=(2, 5, 3))[0], np.ones((5, 3))
    whole = posterior_probabilities(mean, scale, TRIPLETS, num_samples=5, seed=3)
    last = posterior_probabilities(mean, scale, TRIPLETS[2:], num_samples=5, seed=3)
    np.testing.assert_array_equal(whole[2:], last)


def test_an_embedding_without_scale_speaks_by_its_dot_products():
    rng = np.random.default_rng(3)
    mean, scale = rng.normal(size=(5, 3)), rng.uniform(0.2, 1.0, size=(5, 3))
    plain = pair_probabilities(mean, None, TRIPLETS, num_samples=5, seed=3)
    np.testing.assert_allclose(plain, softmax(mean, TRIPLETS))
    noisy = pair_probabilities(mean, scale, TRIPLETS, num_samples=5, seed=3)
    expected = posterior_probabilities(mean, scale, TRIPLETS, num_samples=5, seed=3)
    np.testing.assert_array_equal(noisy, expected)
