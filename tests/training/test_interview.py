"""The interview's changes add up to the change of validation accuracy on the same triplets."""

from contextlib import closing

import pytest
import torch

from alignet_ray.training.data import Decoder
from alignet_ray.training.interview import Interview
from alignet_ray.training.learner import make_learner
from alignet_ray.training.plan import make_plan
from alignet_ray.training.validation import validate
from alignet_ray.training.world import World

TEMPERATURE = 3.0


@pytest.fixture
def asked(make_config, make_run):
    root = make_run(blocks=(2, 1), validation=(20, 15))
    config = make_config(runs=(root,))
    learner, plan = make_learner(config, World(), torch.float64), make_plan(config)
    with closing(Decoder(learner.before.preprocessing, 1)) as decoder:
        yield plan, learner, decoder


def accuracy(plan, learner, decoder):
    options = {"student_temperature": TEMPERATURE, "max_images": 10_000}
    return validate(plan, learner, decoder, World(), **options)["accuracy"]


def disturb(learner):
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in learner.backbone.parameters():
            noise = torch.randn(parameter.shape, generator=random, dtype=parameter.dtype)
            parameter.add_(0.2 * parameter.std(correction=0) * noise)


def test_changes_add_up_to_the_change_of_accuracy(asked):
    interview = Interview(*asked, seed=0)
    unchanged = interview.facts(TEMPERATURE)
    assert (unchanged.looked_at, unchanged.towards, unchanged.away) == (35, 0, 0)
    assert unchanged.triplets == ()
    before = accuracy(*asked)
    disturb(asked[1])
    facts = interview.facts(TEMPERATURE)
    assert facts.towards + facts.away > 0
    gained = (accuracy(*asked) - before) * facts.looked_at
    assert facts.towards - facts.away == pytest.approx(gained)
    assert len(facts.triplets) == min(8, facts.towards + min(2, facts.away))
    assert facts == interview.facts(TEMPERATURE)


def test_shown_probabilities_are_those_of_the_shown_pictures(asked):
    plan, learner, _ = asked
    groups = {group.keys: group for _, group in plan.validation.groups(0, 0, 20)}
    interview = Interview(*asked, seed=0)
    disturb(learner)
    for shown in interview.facts(TEMPERATURE).triplets:
        for three in (shown.teacher, shown.before, shown.after):
            assert sum(three) == pytest.approx(1, abs=2e-4)
        group = groups.get(tuple(own.key for own in shown.pictures))
        if group is not None:
            s = torch.from_numpy(group.similarities).double()
            expected = torch.softmax(torch.stack([s[0, 1], s[0, 2], s[1, 2]]), 0)
            assert list(shown.teacher) == pytest.approx(expected.tolist(), abs=1e-4)


def test_without_a_validation_split_nobody_is_asked(make_config, make_run):
    config = make_config(runs=(make_run(validation=()),))
    learner, plan = make_learner(config, World()), make_plan(config)
    with closing(Decoder(learner.before.preprocessing, 1)) as decoder:
        facts = Interview(plan, learner, decoder, seed=0).facts(TEMPERATURE)
    assert (facts.looked_at, facts.triplets) == (0, ())
    assert facts.runs == config.runs
