"""VICE on the demo world's observers, whose law is known: what is fitted is nearly that law."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from alignet_ray.config.vice import ViceConfig
from alignet_ray.demo_world.categories import NUM_CATEGORIES, paths
from alignet_ray.demo_world.observers import pair_probabilities, simulate_responses
from alignet_ray.functional.vice import initial_state, run_epochs
from alignet_ray.functional.vice_posterior import log_probabilities, posterior_probabilities
from alignet_ray.records.human import HumanChoices
from alignet_ray.teaching.vice import finished_embedding, vice_data, vice_settings

NUM_OBJECTS = 6 * NUM_CATEGORIES
NUM_CHOICES = 80_000


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def triplets(count, random):
    return random.permuted(np.tile(np.arange(NUM_OBJECTS), (count, 1)), axis=1)[:, :3]


@pytest.mark.slow
def test_simulated_people_are_foretold_nearly_as_well_as_their_choices_allow():
    random = np.random.default_rng(0)
    categories = np.arange(NUM_OBJECTS) % NUM_CATEGORIES
    shown = triplets(NUM_CHOICES, random)
    said = simulate_responses(
        pair_probabilities(categories[shown]), responses_per_triplet=1, num_subjects=9, rng=random
    )
    human = HumanChoices(
        names=tuple(f"object{row:03d}" for row in range(NUM_OBJECTS)),
        triplets=shown[said.triplet], odd_position=said.odd_one_out,
    )  # fmt: skip
    config = ViceConfig(
        num_dimensions=50, batch_size=4096, burn_in_epochs=40, stable_epochs=20,
        cool_down_epochs=15, max_epochs=120, min_objects=2,
    )  # fmt: skip
    data = vice_data(human, config.held_out_fraction, 0)
    settings = vice_settings(config.resolved(len(data.train)), 0)
    state = run_epochs(
        initial_state(NUM_OBJECTS, settings), torch.from_numpy(data.train).long(), settings
    )
    found = finished_embedding(state, data, settings, num_samples=50, identity={})

    new = triplets(20_000, random)
    law = pair_probabilities(categories[new])
    fitted = posterior_probabilities(found.mean, found.scale, new, num_samples=50, seed=1)
    divergence = float((law * (np.log(law) - log_probabilities(fitted))).sum(axis=1).mean())
    num_groups = sum(len(np.unique(level)) for level in paths(categories).T)
    # Levels shared are dot products of a membership in each group: so many numbers are free.
    limit = NUM_OBJECTS * num_groups / (2 * len(data.train))
    chance = float((law * (np.log(law) - np.log(1 / 3))).sum(axis=1).mean())
    assert divergence < limit
    assert divergence < 0.1 * chance
