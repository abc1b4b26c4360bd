"""What trains and what stays: a classifier behind the representation stays."""

import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.models.backbones import load_backbone
from alignet_ray.training.learner import freeze_unused, make_learner
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
