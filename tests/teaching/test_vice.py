"""The VICE step: who is held out, and that a fit goes on from its checkpoint to the same bytes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.config.resources import Resources
from alignet_ray.config.vice import ViceConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.vice import initial_state, run_epochs
from alignet_ray.functional.vice_posterior import log_probabilities
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.json_lines import JsonLines
from alignet_ray.records.store import Folder
from alignet_ray.records.vice import (
    CHECKPOINT_NAME,
    MEAN_NAME,
    SCALE_NAME,
    VICE_FOLDER,
    read_checkpoint,
    write_checkpoint,
)
from alignet_ray.teaching.vice import fit_vice, vice_data, vice_identity, vice_settings

NAMES = tuple(f"thing{i:02d}" for i in range(20))
CONFIG = ViceConfig(
    num_dimensions=6, batch_size=500, max_epochs=12, burn_in_epochs=2, stable_epochs=3,
    cool_down_epochs=2, min_objects=2,
)  # fmt: skip
RESOURCES = Resources(device="cpu", progress=False)


def human(num_choices, seed=0):
    """People who see the half of the alphabet that a thing is of."""
    random = np.random.default_rng(seed)
    triplets = random.permuted(np.tile(np.arange(20), (num_choices, 1)), axis=1)[:, :3]
    side = triplets < 10
    alone = np.where(side.sum(axis=1, keepdims=True) == 1, side, ~side)
    is_mixed = np.isin(side.sum(axis=1), (1, 2))
    odd = np.where(is_mixed, alone.argmax(axis=1), random.integers(3, size=num_choices))
    return HumanChoices(
        names=NAMES, triplets=triplets, odd_position=odd, subjects=np.zeros(num_choices, np.int64)
    )


@given(st.integers(0, 1000), st.sampled_from([0.1, 0.5]))
def test_no_triplet_is_on_both_sides_and_no_choice_is_lost(seed, fraction):
    given_choices = human(300, seed)
    data = vice_data(given_choices, fraction, seed)
    sides = [{tuple(sorted(row)) for row in side.tolist()} for side in (data.train, data.held_out)]
    assert not sides[0] & sides[1]
    assert abs(len(sides[1]) - fraction * (len(sides[0]) + len(sides[1]))) <= 1
    found = sorted(
        (*sorted((data.names[a], data.names[b])), data.names[odd])
        for a, b, odd in np.concatenate([data.train, data.held_out]).tolist()
    )
    expected = sorted(
        (*sorted(NAMES[row[k]] for k in range(3) if k != odd), NAMES[row[odd]])
        for row, odd in zip(
            given_choices.triplets.tolist(), given_choices.odd_position.tolist(), strict=True
        )
    )
    assert found == expected


def test_objects_that_nobody_judged_are_not_fitted():
    few = human(2)
    data = vice_data(few, 0.5, 0)
    assert set(data.names) == {NAMES[row] for row in few.triplets.ravel()}
    assert list(data.names) == sorted(data.names)


def test_too_few_choices_to_hold_some_out_are_refused():
    with pytest.raises(InputError, match="1 choices, 0 of them held out"):
        vice_data(human(1), 0.1, 0)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_a_fit_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path):
    data = vice_data(human(4000), 0.1, 0)

    def fit(folder):
        return fit_vice(
            data, CONFIG, seed=0, output=Folder.at(str(folder)), threads=1, resources=RESOURCES,
            log=JsonLines(Folder.at(str(folder)), "log.jsonl"),
        )  # fmt: skip

    whole = fit(tmp_path / "whole")
    assert whole.metrics["num_live"] >= 1
    assert whole.metrics["held_out"]["accuracy"] > 0.5
    settings = vice_settings(CONFIG.resolved(len(data.train)), 0)
    torch.set_num_threads(1)
    begun = run_epochs(
        initial_state(20, settings), torch.from_numpy(data.train), settings, seconds=0.0
    )
    halves = Folder.at(str(tmp_path / "halves")).folder(VICE_FOLDER)
    wanted = vice_identity(data, settings)
    write_checkpoint(halves, begun, wanted)
    assert read_checkpoint(halves, wanted) is not None
    fit(tmp_path / "halves")
    assert not halves.exists(CHECKPOINT_NAME)
    for name in (MEAN_NAME, SCALE_NAME):
        assert halves.read(name) == (tmp_path / "whole" / VICE_FOLDER / name).read_bytes()
    stamp = (tmp_path / "whole" / VICE_FOLDER / MEAN_NAME).stat().st_mtime_ns
    again = fit(tmp_path / "whole")
    np.testing.assert_array_equal(again.mean, whole.mean)
    assert (tmp_path / "whole" / VICE_FOLDER / MEAN_NAME).stat().st_mtime_ns == stamp


def test_a_fit_in_which_nothing_comes_alive_is_refused(tmp_path):
    random = np.random.default_rng(0)
    shown = human(60)
    noise = HumanChoices(
        names=NAMES, triplets=shown.triplets, odd_position=random.integers(3, size=60),
        subjects=shown.subjects,
    )  # fmt: skip
    data = vice_data(noise, 0.1, 0)
    from alignet_ray.teaching.vice import finished_embedding

    settings = vice_settings(ViceConfig(min_objects=15, max_epochs=400).resolved(54), 0)
    torch.set_num_threads(1)
    state = run_epochs(
        initial_state(len(data.names), settings), torch.from_numpy(data.train), settings,
        seconds=60.0,
    )  # fmt: skip
    with pytest.raises(InputError, match="no dimension lives after"):
        finished_embedding(state, data, settings, num_samples=5, identity={})


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_fit_that_diverges_names_the_learning_rate(tmp_path):
    config = ViceConfig(learning_rate=1e30, num_dimensions=6, max_epochs=50)
    with pytest.raises(InputError, match=r"not finite.*Lower --vice\.learning-rate"):
        fit_vice(
            vice_data(human(400), 0.1, 0), config, seed=0, output=Folder.at(str(tmp_path)),
            threads=1, resources=RESOURCES, log=JsonLines(Folder.at(str(tmp_path)), "log.jsonl"),
        )  # fmt: skip


def test_a_choice_that_no_sample_allows_has_a_finite_loss():
    assert np.isfinite(log_probabilities(np.array([0.0, 1.0], dtype=np.float32))).all()
