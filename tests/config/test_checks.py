"""Checks name the flag, the value and what was expected."""

import math

import pytest

from alignet_ray.config.checks import above, at_least, flag, within
from alignet_ray.errors import ConfigError


def test_what_is_allowed_passes():
    at_least("n", 3, 3)
    at_least("n", None, 3)
    above("n", 3.1, 3)
    above("n", None, 3)
    within("n", 0, 0, 1)
    within("n", 1, 0, 1)


@pytest.mark.parametrize(
    ("check", "line"),
    [
        (lambda: at_least("a.num_x", 2, 3), "--a.num-x: 2; expected at least 3"),
        (lambda: above("a.num_x", 3, 3), "--a.num-x: 3; expected more than 3, and finite"),
        (lambda: within("x", 2, 0, 1), "--x: 2; expected between 0 and 1"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(check, line):
    with pytest.raises(ConfigError) as caught:
        check()
    assert str(caught.value) == line


@pytest.mark.parametrize(
    "check", [lambda x: at_least("x", x, 0), lambda x: above("x", x, 0),
              lambda x: within("x", x, 0, 1)]
)  # fmt: skip
def test_nan_is_never_allowed(check):
    with pytest.raises(ConfigError, match="nan"):
        check(math.nan)


def test_a_flag_is_spelled_with_hyphens():
    assert flag("shards.num_validation_images") == "--shards.num-validation-images"
