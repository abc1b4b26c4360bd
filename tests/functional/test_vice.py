"""VICE: a literal one-hot reference of a step, resumption, and recovery of a planted embedding."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.vice import (
    SpikeAndSlab,
    ViceEpoch,
    ViceSettings,
    choice_similarities,
    initial_state,
    is_finished,
    is_stable,
    loss_terms,
    run_epochs,
)
from alignet_ray.functional.vice_dimensions import live_dimensions
from alignet_ray.functional.vice_posterior import posterior_probabilities

PRIOR = SpikeAndSlab(spike=0.25, slab=1.0, spike_share=0.5)
SETTINGS = ViceSettings(
    num_dimensions=12,
    prior=PRIOR,
    batch_size=4096,
    learning_rate=0.03,
    initial_log_scale=-3.0,
    burn_in_epochs=20,
    stable_epochs=10,
    cool_down_epochs=10,
    max_epochs=80,
    fdr=0.05,
    min_objects=2,
    seed=0,
)


def with_settings(**changes):
    return ViceSettings(**{**vars(SETTINGS), **changes})


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def planted(num_objects, num_dims, seed=0):
    """A sparse, non-negative embedding: every object lives in one to three dimensions."""
    rng = np.random.default_rng(seed)
    is_present = rng.random((num_objects, num_dims)) < 2 / num_dims
    is_present[np.arange(num_objects), rng.integers(num_dims, size=num_objects)] = True
    return is_present * rng.uniform(0.8, 2.0, size=(num_objects, num_dims))


def law(embedding, triplets):
    logits = np.stack(
        [(embedding[triplets[:, i]] * embedding[triplets[:, j]]).sum(1) for i, j in PAIR_ORDER], 1
    )
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def draw(embedding, count, seed=1):
    """Choices of people who follow the law, and held-out triplets with their probabilities."""
    rng = np.random.default_rng(seed)
    triplets = rng.permuted(np.tile(np.arange(len(embedding)), (2 * count, 1)), axis=1)[:, :3]
    shown, unseen = triplets[:count], triplets[count:]
    pair = (rng.random(count)[:, None] >= law(embedding, shown).cumsum(axis=1)[:, :2]).sum(1)
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[pair]
    return torch.from_numpy(np.take_along_axis(shown, order, 1)), unseen, law(embedding, unseen)


def literal_terms(mean, log_scale, noise, choices, num_choices):
    """Section 2 of the method with one-hot matrices, one density at a time."""
    sample = mean + torch.exp(log_scale) * noise
    one_hot = torch.nn.functional.one_hot(choices, len(mean)).to(sample)
    first, second, odd = (torch.relu(one_hot @ sample)[:, k] for k in range(3))
    pairs = [(first * second).sum(1), (first * odd).sum(1), (second * odd).sum(1)]
    likelihood = torch.exp(pairs[0]) / sum(torch.exp(pair) for pair in pairs)
    normal = torch.distributions.Normal
    log_q = normal(mean, torch.exp(log_scale)).log_prob(sample)
    zero, one = torch.zeros(()).to(mean), torch.ones(()).to(mean)
    density = 0.5 * normal(zero, 0.25 * one).log_prob(sample).exp()
    density = density + 0.5 * normal(zero, one).log_prob(sample).exp()
    return -torch.log(likelihood).mean(), (log_q.sum() - torch.log(density).sum()) / num_choices


@pytest.mark.parametrize("num_choices", [5, 400])
def test_a_step_is_the_literal_formula_with_its_gradient(num_choices):
    generator = torch.Generator().manual_seed(0)
    parameters = torch.randn(2, 9, 4, generator=generator, dtype=torch.float64)
    noise = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    rng = np.random.default_rng(0)
    rows = rng.permuted(np.tile(np.arange(9), (num_choices, 1)), axis=1)[:, :3]
    choices = torch.from_numpy(rows)
    gradients = []
    for way in (loss_terms, None):
        leaf = parameters.clone().requires_grad_()
        if way:
            terms = way(leaf, noise, choices, 70, PRIOR)
        else:
            terms = torch.stack(literal_terms(leaf[0], leaf[1], noise, choices, 70))
        terms.sum().backward()
        gradients.append((terms.detach(), leaf.grad))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-10, atol=1e-12)


def test_both_ways_of_similarities_agree():
    embedding = torch.rand(7, 3, dtype=torch.float64)
    choices = torch.tensor([[0, 1, 2], [6, 5, 0]])
    many = choices.repeat(100, 1)
    expected = choice_similarities(embedding, choices).repeat(100, 1)
    torch.testing.assert_close(choice_similarities(embedding, many), expected)


def test_the_start_is_the_reference_s():
    state = initial_state(2000, with_settings(num_dimensions=50, initial_log_scale=None))
    assert float(state.mean.std()) == pytest.approx(math.sqrt(2 / 50), rel=0.01)
    assert torch.allclose(state.scale.log(), torch.tensor(-1 / float(state.mean.std())))


def test_a_stopped_fit_goes_on_to_the_same_numbers():
    choices, _, _ = draw(planted(20, 3), 3000)
    settings = with_settings(batch_size=1000, max_epochs=7)
    whole = run_epochs(initial_state(20, settings), choices, settings)
    piecewise = initial_state(20, settings)
    while not is_finished(piecewise.history, settings):
        piecewise = run_epochs(piecewise, choices, settings, seconds=0.0)
    assert len(whole.history) == 7
    assert whole.history == piecewise.history
    for left, right in zip(whole[:3], piecewise[:3], strict=True):
        assert torch.equal(left, right)


@pytest.mark.slow
def test_a_planted_embedding_is_recovered():
    truth = planted(60, 3)
    choices, unseen, expected = draw(truth, 60_000)
    settings = with_settings(batch_size=1024, stable_epochs=30, max_epochs=200, min_objects=5)
    state = run_epochs(initial_state(60, settings), choices, settings)
    assert len(state.history) < 200
    live = live_dimensions(state.mean, state.scale, fdr=0.05, min_objects=5)
    assert len(live) == 3
    mean, scale = (part[:, live].numpy() for part in (state.mean, state.scale))
    found = posterior_probabilities(mean, scale, unseen, num_samples=50, seed=0)
    divergence = (expected * np.log(expected / found)).sum(axis=1).mean()
    # As many free numbers as the law has, each known from 60,000 choices: p / 2N nats.
    sampling_limit = truth.size / (2 * len(choices))
    assert divergence < 1.5 * sampling_limit
    correlation = np.corrcoef(truth.T, mean.T)[:3, 3:]
    assert correlation.max(axis=1).min() > 0.98


def test_with_hardly_any_choices_nothing_is_learned_but_the_prior():
    choices, unseen, _ = draw(planted(30, 4), 30)
    state = run_epochs(initial_state(30, SETTINGS), choices, SETTINGS)
    assert len(live_dimensions(state.mean, state.scale, fdr=0.05, min_objects=5)) == 0
    found = posterior_probabilities(
        state.mean.numpy(), state.scale.numpy(), unseen, num_samples=50, seed=0
    )
    assert np.abs(found - 1 / 3).max() < 0.25


def epochs(counts):
    return tuple(ViceEpoch(1.0, 0.1, count) for count in counts)


@given(st.lists(st.integers(0, 3), max_size=60))
def test_the_stop_rule_is_the_literal_one(counts):
    settings = with_settings(burn_in_epochs=6, stable_epochs=4, cool_down_epochs=3, max_epochs=40)
    is_at = [
        end
        for end in range(6, len(counts) + 1)
        if len(set(counts[end - 4 : end])) == 1 and counts[end - 1] != 0
    ]
    history = epochs(counts)
    assert is_stable(history, settings) == bool(is_at)
    expected = len(counts) >= 40 or (bool(is_at) and len(counts) >= is_at[0] + 3)
    assert is_finished(history, settings) == expected
