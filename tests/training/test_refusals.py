"""What train refuses before Ray starts, and before it writes anything."""

from pathlib import Path

import pytest

from alignet_ray.errors import ConfigError
from alignet_ray.training.launch import train


def files_below(root: str) -> list[Path]:
    return sorted(Path(root).rglob("*"))


@pytest.mark.parametrize("below", ["", "student"])
def test_a_run_is_no_place_for_a_student(make_config, run_root, below):
    before = files_below(run_root)
    with pytest.raises(ConfigError, match="another --output"):
        train(make_config(output=str(Path(run_root, below))))
    assert files_below(run_root) == before
