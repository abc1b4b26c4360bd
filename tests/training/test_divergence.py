"""Numbers that are not finite end a training in one line, however deep they lie."""

import pytest
import torch

from alignet_ray.errors import InputError
from alignet_ray.records.checkpoints import Checkpoint, write_checkpoint
from alignet_ray.records.store import Folder
from alignet_ray.training.divergence import refuse_broken_weights, refuse_divergence

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"loss": 1.0, "squared_distance": INFINITY}, "step 3: squared distance inf;"),
        ({"loss": NAN}, "step 3: loss nan;"),
        ({"validation": {"kl": 0.0, "by_strategy": {"random": {"kl": NAN}}}}, "random kl nan"),
    ],
)
def test_each_figure_is_looked_at(figures, words, tmp_path):
    folder = Folder.at(str(tmp_path))
    refuse_divergence(folder, 3, {"loss": 1.0, "triplets": 5, "by": {"x": {"kl": 0.5}}})
    with pytest.raises(InputError, match=words) as refusal:
        refuse_divergence(folder, 3, figures)
    assert "checkpoint" not in str(refusal.value)
    checkpoint = Checkpoint(step=2, settings={}, state={}, kl=None)
    write_checkpoint(folder, checkpoint, {"trunk.w": torch.zeros(1)})
    with pytest.raises(InputError, match=r"The last checkpoint is .*/checkpoints/00000002"):
        refuse_divergence(folder, 3, figures)


def test_broken_weights_are_named(tmp_path):
    folder = Folder.at(str(tmp_path))
    whole = {"a": torch.ones(2), "count": torch.tensor(3)}
    refuse_broken_weights(folder, 4, whole)
    with pytest.raises(InputError, match="b holds NaN or infinity"):
        refuse_broken_weights(folder, 4, {**whole, "b": torch.tensor([1.0, NAN])})
