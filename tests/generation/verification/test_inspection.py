"""A flipped, missing, cut or exchanged byte is found wherever it lies, and told of its record."""

import numpy as np
import pytest

pytestmark = pytest.mark.ray


def test_a_finished_run_is_sound(run):
    assert run.problems() == []
    assert run.problems(is_quick=True) == []
