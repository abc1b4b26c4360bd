"""What trains and what stays, what is kept in a state, and what cannot train."""

from functools import partial

import jaxtyping
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.distillation import LossConfig
from alignet_ray.errors import ConfigError, RecordError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.training.learner import Learner, freeze_unused, make_learner
from alignet_ray.training.update import apply_update
from alignet_ray.training.world import World


def test_only_weights_behind_the_representation_are_frozen() -> None:
    pixels = PreprocessingConfig(resolution=160)
    config = BackboneConfig(name="test_vit", random_init=True, preprocessing=pixels)
    backbone = load_backbone(config)
    freeze_unused(backbone)
    frozen = {name for name, p in backbone.trunk.named_parameters() if not p.requires_grad}
    assert frozen == {"head.weight", "head.bias"}


def test_the_learner_remembers_where_it_started(make_config) -> None:
    learner = make_learner(make_config(), World())
    parameters = learner.optimizer.param_groups[0]["params"]
    assert all(torch.equal(p, start) for p, start in zip(parameters, learner.initial, strict=True))
    parameters[0].data.add_(1.0)
    assert not torch.equal(parameters[0], learner.initial[0])


def test_batch_statistics_do_not_move(make_config) -> None:
    learner = make_learner(make_config(), World())
    before = {name: b.clone() for name, b in learner.backbone.named_buffers()}
    side = learner.before.preprocessing.resolution
    learner.model(torch.randint(0, 255, (4, side, side, 3), dtype=torch.uint8)).sum().backward()
    after = dict(learner.backbone.named_buffers())
    assert all(torch.equal(before[name], after[name]) for name in before)


PIXELS = PreprocessingConfig(resolution=32)


def _gradients(learner: Learner) -> list[torch.Tensor]:
    pixels = torch.randint(
        0, 256, (3, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    learner.optimizer.zero_grad()
    learner.model(pixels).square().sum().backward()
    return [p.grad.clone() for p in learner.optimizer.param_groups[0]["params"]]


def _move(learner: Learner) -> None:
    learner.optimizer.param_groups[0]["lr"] = 1e-3
    _gradients(learner)
    apply_update(learner.optimizer, learner.initial, learner.rule)


def test_a_state_goes_on_to_the_bit(make_config) -> None:
    loss = LossConfig(head="linear", head_dim=5, learn_temperature=True)
    first, second = (make_learner(make_config(loss=loss), World()) for _ in range(2))
    second.load_state(first.state(), "start")  # before a step there are no moments
    _move(first)
    kept = first.state()
    _move(first)
    assert any(not torch.equal(tensor, kept[name]) for name, tensor in first.state().items())
    second.load_state(kept, "checkpoint")
    _move(second)
    last = first.state()
    assert last.keys() == second.state().keys()
    assert all(torch.equal(tensor, last[name]) for name, tensor in second.state().items())
    assert any(name.startswith("network.head.") for name in last)
    assert any("exp_avg_sq" in name for name in last)


def test_the_state_of_another_student_is_refused_with_its_place(make_config) -> None:
    other = make_learner(make_config(loss=LossConfig(head="linear", head_dim=5)), World())
    learner = make_learner(make_config(loss=LossConfig(head="linear", head_dim=6)), World())
    with pytest.raises(RecordError, match=r"step-7: .*expected the state of this student"):
        learner.load_state(other.state(), "step-7")


def test_checkpointed_gradients_are_the_same(make_config) -> None:
    student = BackboneConfig(
        name="test_vit", random_init=True, model_args=("img_size=32",), preprocessing=PIXELS
    )
    plain, checkpointed = (
        make_learner(make_config(student=student, gradient_checkpointing=flag), World())
        for flag in (False, True)
    )
    assert checkpointed.backbone.trunk.grad_checkpointing
    for one, other in zip(_gradients(plain), _gradients(checkpointed), strict=True):
        torch.testing.assert_close(one, other)


def test_statistics_of_several_cpu_workers_cannot_train(make_config) -> None:
    with pytest.raises(ConfigError, match=r"--batch-norm: .*expected one worker, or GPUs"):
        make_learner(make_config(batch_norm="train"), World(rank=0, size=2))


def test_micro_batches_have_no_statistics_of_a_step(make_config) -> None:
    with pytest.raises(ConfigError, match="--micro-batch-images"):
        make_config(batch_norm="train", micro_batch_images=8)


@pytest.mark.slow
def test_a_compiled_student_makes_the_same_gradients_under_the_same_names(
    make_config, monkeypatch
) -> None:
    """Traced as for a GPU; the code generator behind it, minutes on a CPU, is left out, and so are
    the checks of shapes, which know no tensors without numbers.
    """
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    student = BackboneConfig(
        name="test_vit", random_init=True, model_args=("img_size=32",), preprocessing=PIXELS
    )
    plain, compiled = (
        make_learner(make_config(student=student, compile=flag), World()) for flag in (False, True)
    )
    for one, other in zip(_gradients(plain), _gradients(compiled), strict=True):
        torch.testing.assert_close(one, other)
    assert plain.state().keys() == compiled.state().keys()
