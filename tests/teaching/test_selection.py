"""The choice from curves: the lowest mean, folds judged by the others, no learning refused."""

import pytest

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.errors import InputError
from alignet_ray.teaching.selection import Search, selection_metrics, unseen_folds, winner_of

FIRST, SECOND = Candidate(0.1, 0.01, 0.0, None), Candidate(1.0, 0.01, 0.0, None)


def cell(*losses, steps_per_epoch=1):
    """A fold's curve; without any value it diverged."""
    accuracies = [0.5 + 0.1 * i for i in losses]
    return {
        "cross_entropy": list(losses), "expected_accuracy": accuracies,
        "has_diverged": not losses, "steps_per_epoch": steps_per_epoch,
    }  # fmt: skip


def search(first, second):
    return Search(candidates=(FIRST, SECOND), cells=(tuple(first), tuple(second)))


EXAMPLE = search(
    [cell(1.0, 0.7, 0.72), cell(1.0, 0.7), cell(1.0, 0.6, 0.5)],
    [cell(0.9, 0.9), cell(0.9, 0.8), cell(0.5, 0.3, 0.9)],
)


def test_the_winner_and_its_figures():
    winner = winner_of(EXAMPLE)
    assert (winner.candidate, winner.num_epochs) == (0, 3)
    metrics = selection_metrics(EXAMPLE, winner)
    assert metrics["winner"] == FIRST._asdict()
    first, second = metrics["cells"]
    assert first["mean_cross_entropy"] == pytest.approx(0.64), "the second fold stays at 0.7"
    assert first["folds"][2] == {
        "fold": 2, "best_epoch": 3, "cross_entropy": 0.5,
        "expected_accuracy": pytest.approx(0.55),
    }  # fmt: skip
    assert second["mean_cross_entropy"] == pytest.approx(2 / 3)
    assert [own["fold"] for own in metrics["winner_curves"]] == [0, 1, 2]


def test_each_fold_is_measured_with_what_the_others_chose():
    found = unseen_folds(EXAMPLE, winner_of(EXAMPLE))
    assert [(own.fold, own.candidate, own.num_steps) for own in found] == [
        (0, SECOND, 2), (1, SECOND, 2), (2, FIRST, 2),
    ]  # fmt: skip


def test_epochs_are_carried_over_as_the_steps_that_they_took():
    """A fit on all objects has more steps in an epoch, and is to take as many as were chosen."""
    cells = [cell(1.0, 0.7, steps_per_epoch=2), cell(1.0, 0.6, steps_per_epoch=2),
             cell(1.0, 0.5, steps_per_epoch=5)]  # fmt: skip
    uneven = search(cells, [cell(1.0)] * 3)
    winner = winner_of(uneven)
    assert selection_metrics(uneven, winner)["num_epochs"] == 2
    assert selection_metrics(uneven, winner)["num_steps"] == uneven.num_steps(winner) == 6
    assert [own.num_steps for own in unseen_folds(uneven, winner)] == [7, 7, 4]


def test_what_diverged_is_said_and_never_chosen():
    metrics = selection_metrics(
        wild := search([cell()] * 3, [cell(0.9), cell(0.8), cell(0.7)]), winner_of(wild)
    )
    assert metrics["winner"] == SECOND._asdict()
    diverged = metrics["cells"][0]
    assert diverged["mean_cross_entropy"] is None
    assert diverged["folds"][0] == {
        "fold": 0, "best_epoch": 0, "cross_entropy": None, "expected_accuracy": None,
    }  # fmt: skip


@pytest.mark.parametrize("cells", [[cell()] * 3, [cell(1.2)] * 3])
def test_settings_that_teach_nothing_are_refused(cells):
    with pytest.raises(InputError, match=r"--grid\.learning-rate"):
        winner_of(search(cells, cells))
