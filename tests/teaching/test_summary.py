"""What is printed of a search: the best few of the grid, and a winner at its edge is said."""

import numpy as np

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.functional.fold_choice import choose
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.object_vectors import ObjectVectors
from alignet_ray.teaching import summary
from alignet_ray.teaching.human_data import HumanData
from alignet_ray.teaching.objects import TaughtObjects
from alignet_ray.teaching.selection import Search, selection_metrics


def _cell(loss):
    """A fold's curve of one epoch; None diverged."""
    losses = [] if loss is None else [loss]
    return {
        "cross_entropy": losses, "expected_accuracy": [0.5] * len(losses),
        "has_diverged": not losses, "steps_per_epoch": 1,
    }  # fmt: skip


def printed(capsys, candidates, losses):
    cells = tuple((_cell(own),) * 3 for own in losses)
    search = Search(candidates=tuple(candidates), cells=cells)
    summary._print_selection(selection_metrics(search, choose(search.curves())))
    return capsys.readouterr().out


def test_the_best_few_stand_in_order_and_divergence_is_said(capsys):
    rates = [1e-3 * 2**i for i in range(7)]
    text = printed(
        capsys, [Candidate(0.3, rate, 0.0, None) for rate in rates],
        [0.9, 0.8, 0.7, 0.75, None, None, None],
    )  # fmt: skip
    lines = text.splitlines()
    assert "chosen of 7 settings over 3 folds of objects: regularisation 0.3" in lines[0]
    assert "1 epoch" in lines[0]
    assert [line.split()[2] for line in lines[2:]] == [
        "0.7000",
        "0.7500",
        "0.8000",
        "0.9000",
        "diverged",
    ]
    assert "local" not in text
    assert "last of its grid" not in text


def test_a_winner_at_the_edge_is_said_with_its_flag(capsys):
    text = printed(
        capsys, [Candidate(own, 1e-3, 0.1, 0.2) for own in (0.1, 1.0, 10.0)], [0.9, 0.8, 0.7]
    )  # fmt: skip
    assert "the chosen regularisation is the last of its grid" in text
    assert "--grid.regularisation" in text
    assert "--grid.learning-rate" not in text, "one value is no grid"
    assert "local weight 0.1" in text


def test_one_setting_has_no_table(capsys):
    assert len(printed(capsys, [Candidate(0.3, 1e-3, 0.0, None)], [0.9]).splitlines()) == 1


def test_what_was_found_is_said_before_anything_starts(capsys):
    names = ("cat", "cow", "dog")
    choices = HumanChoices(
        names=names, triplets=np.array([[0, 1, 2]]), odd_position=np.array([0], np.int8)
    )
    ready = ObjectVectors(
        object_ids=names[:2], vectors=np.zeros((2, 1), np.float32), missing=names[2:]
    )
    human = HumanData(names=names, source=choices, responses=None, num_left_out=0)
    found = TaughtObjects(names=names, images=None, ready=ready)
    summary.announce_inputs(human, found, is_shown=True)
    assert capsys.readouterr().err == "1 judgement; 2 of 3 objects found (not dog) ...\n"
