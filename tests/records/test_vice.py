"""A fitted embedding and the state of a fit come back as they were, or are refused."""

import numpy as np
import pytest
import torch

from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.functional.vice import ViceEpoch, ViceState
from alignet_ray.records.store import Folder
from alignet_ray.records.vice import (
    CHECKPOINT_NAME,
    MEAN_NAME,
    NAMES_NAME,
    SCALE_NAME,
    VICE_NAME,
    ViceEmbedding,
    read_checkpoint,
    read_vice,
    write_checkpoint,
    write_vice,
)

SETTINGS = {"fit": {"seed": 0, "batch_size": 128}}
STATE = ViceState(
    torch.rand(2, 5, 3), torch.rand(2, 5, 3), torch.rand(2, 5, 3), 17,
    (ViceEpoch(1.25, 1 / 3, 3), ViceEpoch(0.1, 0.2, 2)),
)  # fmt: skip


@pytest.fixture
def embedding():
    random = np.random.default_rng(0)
    mean, scale = random.random((2, 4, 3)).astype(np.float32)
    names = ("aardvark", "häagen", "two words", "zebra")
    return ViceEmbedding(
        names=names, mean=mean, scale=scale, settings=SETTINGS, metrics={"num_live": 3}
    )


def test_an_embedding_comes_back(tmp_path, embedding):
    folder = Folder.at(str(tmp_path))
    assert read_vice(folder, SETTINGS) is None
    write_checkpoint(folder, STATE, SETTINGS)
    write_vice(folder, embedding)
    found = read_vice(folder, SETTINGS)
    assert found is not None
    assert (found.names, found.settings, found.metrics) == (
        embedding.names, embedding.settings, embedding.metrics,
    )  # fmt: skip
    np.testing.assert_array_equal(found.mean, embedding.mean)
    np.testing.assert_array_equal(found.scale, embedding.scale)
    assert not folder.exists(CHECKPOINT_NAME)


def test_other_settings_are_refused(tmp_path, embedding):
    folder = Folder.at(str(tmp_path))
    write_vice(folder, embedding)
    with pytest.raises(MismatchError, match=r"fit\.batch_size 64 \(made with 128\)"):
        read_vice(folder, {"fit": {"seed": 0, "batch_size": 64}})


@pytest.mark.parametrize("name", [NAMES_NAME, MEAN_NAME, SCALE_NAME])
def test_an_altered_file_is_named(tmp_path, embedding, name):
    folder = Folder.at(str(tmp_path))
    write_vice(folder, embedding)
    data = bytearray(folder.read(name))
    data[-1] ^= 1
    folder.write(name, bytes(data))
    with pytest.raises(RecordError, match=f"{name}.*{VICE_NAME}"):
        read_vice(folder, SETTINGS)


def test_the_state_of_a_fit_comes_back_to_the_bit(tmp_path):
    folder = Folder.at(str(tmp_path))
    assert read_checkpoint(folder, SETTINGS) is None
    write_checkpoint(folder, STATE, SETTINGS)
    found = read_checkpoint(folder, SETTINGS)
    assert found is not None
    assert (found.num_steps, found.history) == (STATE.num_steps, STATE.history)
    for left, right in zip(found[:3], STATE[:3], strict=True):
        assert torch.equal(left, right)


def test_the_state_of_another_fit_is_refused_with_what_differs(tmp_path):
    folder = Folder.at(str(tmp_path))
    write_checkpoint(folder, STATE, SETTINGS)
    with pytest.raises(MismatchError, match=r"fit\.batch_size 64 \(made with 128\)"):
        read_checkpoint(folder, {"fit": {"seed": 0, "batch_size": 64}})


@pytest.mark.parametrize("length", [0, 4, 60, 300])
def test_a_truncated_checkpoint_is_named(tmp_path, length):
    folder = Folder.at(str(tmp_path))
    write_checkpoint(folder, STATE, SETTINGS)
    folder.write(CHECKPOINT_NAME, folder.read(CHECKPOINT_NAME)[:length])
    with pytest.raises(RecordError, match=rf"{CHECKPOINT_NAME}.*Remove it"):
        read_checkpoint(folder, SETTINGS)
