"""The page is well formed, asks for nothing, escapes every word, and says what it has not."""

import re

import pytest

from alignet_ray.training.report.curves import curve_of, curves_card
from alignet_ray.training.report.job import REPORT_NAME, write_report

HOSTILE = "<script>alert('x')</script>&\"b\""


@pytest.fixture
def read(make_student, read_page):
    def make(**options):
        folder = make_student(**options)
        write_report(folder)
        return read_page(folder.read(REPORT_NAME))

    return make


def test_a_whole_page_shows_every_part(read):
    page = read()
    for said in (
        "What changed", "Where the student changed its mind", "How training went",
        "What was trained", "0.1250", "57.5", "cluster_border, 617 triplets", "came to agree",
        "no longer agrees", "validation, random", "jobs/evaluate.py", "load_student", "12.5",
    ):  # fmt: skip
        assert said in page.text, said
    assert page.names.count("svg") == 6
    assert page.names.count("img") == 4


def test_it_asks_for_nothing_from_anywhere_and_escapes_what_users_named(read):
    page = read()
    places = [v for _, name, v in page.attributes if name in ("src", "href")]
    assert places
    assert all(place.startswith("data:") for place in places)
    assert "script" not in page.names
    assert HOSTILE in page.text


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("validation", "No validation: the runs have no validation split"),
        ("logs", "No curves: logs/train.jsonl is not there."),
        ("facts", "No triplets: report/facts.json is not there"),
        ("data", "Records and next steps"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_shown(read, missing, said):
    page = read(without=(missing,))
    assert said in page.text
    assert "What was trained" in page.text


def test_one_strategy_and_one_step_are_enough(read):
    page = read(strategies=("random",), num_steps=1)
    assert "validation, random" in page.text
    assert "all, 1,234 triplets" not in page.text


def test_long_curves_are_thinned_to_means_and_short_ones_kept():
    short = [(step, 1.0 * step) for step in range(5)]
    assert curve_of("a", "train", short).points == tuple(short)
    long = [(step, float(step % 2)) for step in range(100_000)]
    thinned = curve_of("a", "train", long).points
    assert len(thinned) <= 200
    assert all(0.49 < value < 0.51 for _, value in thinned)


@pytest.mark.parametrize("values", [[0.0, 0.0], [-1.0, -1.0], [1e-9, 1e9], [5.0]])
def test_any_values_make_a_plot(values):
    for may_be_log in (False, True):
        curve = curve_of("a", "train", list(enumerate(values)))
        card = curves_card("Title", [curve], "y", may_be_log=may_be_log)
        assert "nan" not in card
        assert re.search(r'class="curve train"', card)
