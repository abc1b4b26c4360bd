"""VICE: human odd-one-out choices to one Gaussian embedding per object (method: section 2).

    Y = mean + scale * noise ,   Z = relu(Y) ,   one sample of all objects a step, for its batch
    loss = mean_batch[ - log softmax_pairs(Z Z^T)[chosen pair] ] + (log q(Y) - log prior(Y)) / N
    prior = spike_share * Normal(0, spike^2) + (1 - spike_share) * Normal(0, slab^2)

A choice is a row (first, second, odd): the pair that a person called the most similar one, and the
third object. A fit is a chain of epochs, each a pure function of the state before it, so a fit
that was stopped goes on to the same numbers. The reference multiplies one-hot matrices; here rows
are gathered or, for large batches, pairs are gathered from one Gram matrix of all objects.
"""

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.odd_one_out import PAIR_ORDER, pair_log_probabilities
from alignet_ray.functional.torch_streams import keyed_generator
from alignet_ray.functional.vice_dimensions import live_dimensions

Choices = Int[Tensor, "choices 3"]
PerObject = Float[Tensor, "objects dims"]

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_BETAS = (0.9, 0.999)
# Gathering the rows of one choice costs about as much as so many entries of the Gram matrix
# (measured with 1,854 objects and 100 dimensions on two cores, gradients included).
_GRAM_ENTRIES_PER_CHOICE = 195


@dataclass(frozen=True, kw_only=True)
class SpikeAndSlab:
    """The prior of every number of the embedding: mostly near 0, sometimes large."""

    spike: float
    slab: float
    spike_share: float

    def log_density(self, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Log of the mixture's density."""
        parts = [
            math.log(share) - math.log(width) - _LOG_SQRT_2PI - 0.5 * (values / width).square()
            for share, width in ((self.spike_share, self.spike), (1 - self.spike_share, self.slab))
        ]
        return torch.logaddexp(*parts)


@dataclass(frozen=True, kw_only=True)
class ViceSettings:
    """How an embedding is fitted; an epoch is one pass over the choices."""

    num_dimensions: int
    prior: SpikeAndSlab
    batch_size: int
    learning_rate: float
    initial_log_scale: float | None
    """None: -1 / std(mean), as in the reference."""
    burn_in_epochs: int
    stable_epochs: int
    cool_down_epochs: int
    max_epochs: int
    fdr: float
    min_objects: int
    seed: int


class ViceEpoch(NamedTuple):
    """Means over an epoch's steps, and how many dimensions live after it."""

    negative_log_likelihood: float
    complexity: float
    num_live: int


class ViceState(NamedTuple):
    """All that a fit needs to go on: parameters, Adam's moments and steps, and every epoch.

    `parameters`, `first_moments` and `second_moments` stack means (0) and log scales (1).
    """

    parameters: Float[Tensor, "2 objects dims"]
    first_moments: Float[Tensor, "2 objects dims"]
    second_moments: Float[Tensor, "2 objects dims"]
    num_steps: int
    history: tuple[ViceEpoch, ...]

    @property
    def mean(self) -> PerObject:
        """Means of the embedding, before the rectifier."""
        return self.parameters[0]

    @property
    def scale(self) -> PerObject:
        """Standard deviations of the embedding."""
        return self.parameters[1].exp()


def initial_state(num_objects: int, settings: ViceSettings) -> ViceState:
    """Means from Kaiming's normal distribution (fan-out: dimensions), one log scale for all."""
    shape = (num_objects, settings.num_dimensions)
    noise = torch.randn(shape, generator=keyed_generator(settings.seed, "vice", "start"))
    mean = noise * math.sqrt(2 / settings.num_dimensions)
    given = settings.initial_log_scale
    log_scale = torch.full(shape, -1 / float(mean.std()) if given is None else given)
    parameters = torch.stack([mean, log_scale])
    zeros = torch.zeros_like(parameters)
    return ViceState(parameters, zeros, zeros, 0, ())


def run_epochs(
    state: ViceState,
    choices: Choices,
    settings: ViceSettings,
    *,
    seconds: float = math.inf,
) -> ViceState:
    """One more epoch, and more until the time is over or the fit is finished.

    How many epochs one call runs does not change what they compute.
    """
    deadline = time.monotonic() + seconds
    while not is_finished(state.history, settings):
        state = _run_epoch(state, choices, settings)
        if time.monotonic() >= deadline:
            break
    return state


def is_finished(history: tuple[ViceEpoch, ...], settings: ViceSettings) -> bool:
    """Whether the last epoch was the last: stable and cooled down, or the most allowed."""
    since = _stable_since(history, settings)
    is_cool = since is not None and len(history) >= since + settings.cool_down_epochs
    return is_cool or len(history) >= settings.max_epochs


def is_stable(history: tuple[ViceEpoch, ...], settings: ViceSettings) -> bool:
    """Whether the number of live dimensions had stopped to change."""
    return _stable_since(history, settings) is not None


def _stable_since(history: tuple[ViceEpoch, ...], settings: ViceSettings) -> int | None:
    """The first epoch past the burn-in with `stable_epochs` epochs of one number of live
    dimensions, not 0, behind it.
    """
    last, same = 0, 0
    for epoch, record in enumerate(history, 1):
        same = same + 1 if record.num_live == last else 1
        last = record.num_live
        if last and same >= settings.stable_epochs and epoch >= settings.burn_in_epochs:
            return epoch
    return None


def _learning_rate(history: tuple[ViceEpoch, ...], settings: ViceSettings) -> float:
    """Constant; in the cool-down it falls linearly, so that the noise of large steps goes."""
    since = _stable_since(history, settings)
    cool_down = settings.cool_down_epochs
    last = since + cool_down if since is not None else settings.max_epochs
    left = min(last, settings.max_epochs) - len(history)
    return settings.learning_rate * min(1.0, left / (cool_down + 1))


def _run_epoch(state: ViceState, choices: Choices, settings: ViceSettings) -> ViceState:
    parameters = state.parameters.clone().requires_grad_()
    optimizer = _resumed_adam(parameters, state, _learning_rate(state.history, settings))
    generator = keyed_generator(settings.seed, "vice", len(state.history))
    order = torch.randperm(len(choices), generator=generator)
    batches = order.tensor_split(-(-len(choices) // settings.batch_size))
    totals = torch.zeros(2, dtype=torch.float64)
    for rows in batches:
        noise = torch.randn(state.mean.shape, generator=generator)
        terms = loss_terms(parameters, noise, choices[rows], len(choices), settings.prior)
        optimizer.zero_grad()
        terms.sum().backward()
        optimizer.step()
        totals += terms.detach()
    likelihood, complexity = (totals / len(batches)).tolist()
    moments = optimizer.state[parameters]
    after = state._replace(
        parameters=parameters.detach(),
        first_moments=moments["exp_avg"],
        second_moments=moments["exp_avg_sq"],
        num_steps=state.num_steps + len(batches),
    )
    live = live_dimensions(
        after.mean, after.scale, fdr=settings.fdr, min_objects=settings.min_objects
    )
    epoch = ViceEpoch(likelihood, complexity, len(live))
    return after._replace(history=(*state.history, epoch))


def _resumed_adam(parameters: Tensor, state: ViceState, learning_rate: float) -> torch.optim.Adam:
    optimizer = torch.optim.Adam([parameters], lr=learning_rate, betas=_BETAS, fused=True)
    if state.num_steps:
        optimizer.state[parameters] = {
            "step": torch.tensor(float(state.num_steps)),
            "exp_avg": state.first_moments.clone(),
            "exp_avg_sq": state.second_moments.clone(),
        }
    return optimizer


def loss_terms(
    parameters: Float[Tensor, "2 objects dims"],
    noise: PerObject,
    choices: Choices,
    num_choices: int,
    prior: SpikeAndSlab,
) -> Float[Tensor, "2"]:
    """Mean negative log-likelihood of a batch, and the complexity of the sample over N."""
    mean, log_scale = parameters
    sample = mean + log_scale.exp() * noise
    log_posterior = -log_scale - _LOG_SQRT_2PI - 0.5 * noise.square()
    complexity = (log_posterior - prior.log_density(sample)).sum() / num_choices
    similarities = choice_similarities(sample.relu(), choices)
    likelihood = pair_log_probabilities(similarities)[:, 0].mean()
    return torch.stack([-likelihood, complexity])


def choice_similarities(embedding: PerObject, choices: Choices) -> Float[Tensor, "choices 3"]:
    """Dot products of each row's pairs in pair order: the pair chosen comes first."""
    num_objects = len(embedding)
    if _GRAM_ENTRIES_PER_CHOICE * len(choices) > num_objects * num_objects:
        return gram_pair_similarities(embedding @ embedding.T, choices)
    vectors = [embedding.index_select(0, objects) for objects in choices.T]
    return torch.stack([torch.linalg.vecdot(vectors[i], vectors[j]) for i, j in PAIR_ORDER], -1)
