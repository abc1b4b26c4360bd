"""What the driver resolves and refuses before Ray starts."""

from typing import Any

import pytest

from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ConfigError, MismatchError
from alignet_ray.training.export import export_student, exported_figures
from alignet_ray.training.learner import make_learner
from alignet_ray.training.plan import default_groups_per_step, make_plan
from alignet_ray.training.schedule import learning_rate_factor
from alignet_ray.training.world import World


def test_defaults_come_from_the_data(make_config: Any) -> None:
    plan = make_plan(make_config(steps=None, epochs=2.0, data=StreamingConfig(), warmup_steps=None))
    assert (plan.layout.num_streams, plan.layout.steps_per_epoch, plan.num_steps) == (2, 4, 8)
    assert plan.layout.remainder == 2
    assert [default_groups_per_step(images) for images in (3, 6, 192, 1000)] == [128, 64, 2, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_workers": 3}, r"--num-workers: 3 for 2 streams; expected one of \[1, 2\]"),
        (
            {"data": StreamingConfig(num_streams=3)},
            r"--data.num-streams: 3 for 4 groups a step; expected one of \[1, 2, 4\]",
        ),
        ({"groups_per_step": 32}, "a step of 32 groups; expected at most the 18 groups"),
        ({"warmup_steps": 9}, "--warmup-steps: 9; expected fewer than the 4 steps"),
        ({"runs": ("/nowhere",)}, "no manifest; expected a finished run"),
    ],
)
def test_what_cannot_work_is_one_line(
    make_config: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_plan(make_config(**changes))


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"runs": ()}, "--runs"),
        ({"learning_rate": 0.0}, "--learning-rate"),
        ({"groups_per_step": 0}, "--groups-per-step"),
        ({"seed": -1}, "--seed"),
    ],
)
def test_settings_are_checked_where_they_are_made(changes: dict[str, Any], flag: str) -> None:
    with pytest.raises(ConfigError, match=f"^{flag}: "):
        TrainConfig(**{"runs": ("a",), "output": "b", **changes})


def test_the_schedule_warms_up_and_ends_at_zero() -> None:
    factors = [learning_rate_factor(step, 10, 110) for step in range(111)]
    assert factors[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert factors[10] == 1.0
    assert factors[60] == pytest.approx(0.5)
    assert factors[110] == pytest.approx(0.0)
    assert factors[10:] == sorted(factors[10:], reverse=True)


def test_a_students_folder_is_kept_for_its_own_settings(make_config: Any) -> None:
    from alignet_ray.records.store import Folder

    config = make_config()
    folder, plan = Folder.at(config.output), make_plan(config)
    backbone = make_learner(config, World()).backbone
    settings = plan.settings(config, backbone.resolved)
    assert exported_figures(folder, settings) is None
    export_student(folder, backbone, settings, {"a": 1}, {})
    assert exported_figures(folder, settings) == {"a": 1}
    more_workers = make_config(num_workers=2)
    same = make_plan(more_workers).settings(more_workers, backbone.resolved)
    assert exported_figures(folder, same) == {"a": 1}
    other = make_config(learning_rate=0.5)
    with pytest.raises(MismatchError, match=r"learning_rate 0\.5 \(made with 0\.001\)"):
        exported_figures(folder, make_plan(other).settings(other, backbone.resolved))
