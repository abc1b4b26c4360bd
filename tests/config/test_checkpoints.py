"""What cannot be a distance between checkpoints is refused by its flag."""

import pytest

from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.config.validation import ValidationConfig
from alignet_ray.errors import ConfigError


@pytest.mark.parametrize(
    ("field", "value"), [("every_seconds", 0.0), ("every_steps", 0), ("max_restarts", -1)]
)
def test_a_bad_value_is_named_by_its_flag(field, value):
    with pytest.raises(ConfigError, match=f"--checkpoints.{field.replace('_', '-')}"):
        CheckpointConfig(**{field: value})


def test_checkpoints_and_the_number_of_workers_decide_no_result():
    plain = TrainConfig(runs=("run",), output="out")
    other = TrainConfig(
        runs=("run",),
        output="out",
        checkpoints=CheckpointConfig(every_steps=3, max_restarts=9),
        num_workers=2,
        max_workers=8,
    )
    assert plain.settings() == other.settings()
    best = TrainConfig(runs=("run",), output="out", export="best")
    assert plain.settings() != best.settings()


def test_what_contradicts_itself_is_refused():
    with pytest.raises(ConfigError, match=r"--max-workers: 2; expected at least the 4"):
        TrainConfig(runs=("run",), output="out", num_workers=4, max_workers=2)
    with pytest.raises(ConfigError, match=r"--export: best without validation"):
        TrainConfig(
            runs=("run",), output="out", export="best", validation=ValidationConfig(images=0)
        )
