"""The grid: what is searched, what a flag fixes, and values that would not be used are refused."""

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.transform_fit import Candidate, FitConfig, SearchConfig, candidates
from alignet_ray.errors import ConfigError

PLACES = ("--images", "i", "--names", "n", "--output", "o", "--human-embedding", "e")


def grid(fit=None, values=None, *, search=True, has_local=False):
    return candidates(
        FitConfig(**fit or {}), SearchConfig(**values or {}), search=search, has_local=has_local
    )


def test_without_a_search_there_is_one_candidate():
    (only,) = grid(search=False)
    assert (only.local_weight, only.local_temperature) == (0.0, None)
    (local,) = grid(search=False, has_local=True)
    assert local.local_weight > 0
    assert local.local_temperature is not None


def test_the_grid_is_every_combination_once():
    values = {"regularisation": (1.0, 2.0, 1.0), "learning_rate": (0.1, 0.2)}
    expected = [Candidate(r, rate, 0.0, None) for r in (1.0, 2.0) for rate in (0.1, 0.2)]
    assert list(grid(values=values)) == expected


def test_a_local_weight_of_nothing_has_no_temperature():
    values = {"regularisation": (1.0,), "learning_rate": (0.1,)}
    values |= {"local_weight": (0.0, 0.5), "local_temperature": (0.1, 0.2)}
    found = grid(values=values, has_local=True)
    assert [own[2:] for own in found] == [(0.0, None), (0.5, 0.1), (0.5, 0.2)]


def test_a_given_value_is_not_searched():
    found = grid(fit={"regularisation": 7.0})
    assert {own.regularisation for own in found} == {7.0}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--fit.regularisation", "1", "--grid.regularisation", "2"), "--grid.regularisation"),
        (("--no-search", "--grid.learning-rate", "0.1"), "--grid.learning-rate"),
        (("--fit.local-weight", "0.1"), "--fit.local-weight"),
        (("--grid.local-temperature", "0.1"), "--grid.local-temperature"),
        (("--local-run", "run", "--fit.local-weight", "0"), "--fit.local-weight"),
        (("--grid.learning-rate", "0.1", "0"), "--grid.learning-rate"),
        (("--grid.regularisation", "-1"), "--grid.regularisation"),
        (("--local-run", "r", "--grid.local-weight", "1.5"), "--grid.local-weight"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(arguments, named):
    with pytest.raises(ConfigError, match=named):
        parse_config(FitTeacherConfig, [*PLACES, *arguments])


@pytest.mark.parametrize(
    "wrong",
    [
        {"regularisation": -1.0},
        {"learning_rate": 0.0},
        {"batch_size": 0},
        {"num_folds": 1},
        {"num_components": 0},
        {"patience": 0},
        {"averaging": 1.0},
        {"local_weight": 2.0},
    ],
)
def test_fit_settings_out_of_range(wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=f"--fit.{name.replace('_', '-')}"):
        FitConfig(**wrong)


def test_printed_settings_are_read_back(tmp_path, capsys):
    arguments = [*PLACES, "--grid.regularisation", "1", "2", "--fit.learning-rate", "0.1"]
    with pytest.raises(SystemExit):
        parse_config(FitTeacherConfig, [*arguments, "--print-config"])
    (tmp_path / "printed.yaml").write_text(capsys.readouterr().out)
    again = parse_config(FitTeacherConfig, ["--config", str(tmp_path / "printed.yaml")])
    assert again == parse_config(FitTeacherConfig, arguments)
