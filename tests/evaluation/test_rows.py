"""Rows keep six decimals, no zero with a sign, and everything that they say in the CSV."""

import csv
import io
import math

import pytest

from alignet_ray.evaluation.rows import csv_text, rounded, row, significant
from alignet_ray.functional.bootstrap import Interval


def test_figures_have_six_decimals_and_zero_has_no_sign():
    own = row("m", Interval(1 / 3, -1e-9, math.nan), 3, "items", data="d", from_="x", remark="r")
    assert (own["estimate"], own["low"], own["high"]) == (0.333333, 0.0, None)
    assert math.copysign(1, own["low"]) == 1
    assert (own["from"], own["remark"]) == ("x", "r")
    assert rounded(1.0000000000000002) == 1.0
    assert significant(-1.23456789e-12) == -1.23457e-12
    assert significant(math.inf) is None


def test_what_a_row_does_not_know_is_refused():
    with pytest.raises(ValueError, match="colour"):
        row("m", Interval(0, 0, 0), 1, "items", colour="red")


def test_the_csv_holds_remarks():
    own = row("m", Interval(0.5, 0.4, 0.6), 3, "items", data="d", label="a", remark="why")
    text = csv_text({"parts": {"p": {"figures": [own]}}}, ("p", "absent"))
    (found,) = csv.DictReader(io.StringIO(text))
    assert (found["data"], found["remark"], found["kind"]) == ("d", "why", "figure")
