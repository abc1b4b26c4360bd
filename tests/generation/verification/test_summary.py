"""What is said is bounded, one line each, and names what to run next."""

import dataclasses

import pytest

from alignet_ray.generation.verification.findings import Problem, Record
from alignet_ray.generation.verification.orphans import Orphan
from alignet_ray.generation.verification.report import VerifyReport
from alignet_ray.generation.verification.summary import PROBLEMS_SHOWN, summary_lines


def problems(count):
    return tuple(
        Problem(
            record=Record(kind="shard", number=number, split="train"),
            place=f"run/shards/train/{number:06d}.tar", wrong="SHA-256\n1", expected="SHA-256 2",
        )
        for number in range(count)
    )  # fmt: skip


def report(count=0, **changes):
    plain = {"root": "run", "is_quick": False, "problems": problems(count), "removable": ("a",)}
    return VerifyReport(**{**plain, **changes})


def lines(*args, **changes):
    found = list(summary_lines(report(*args, **changes)))
    assert all(len(line.splitlines()) == 1 for line in found)
    return found


def test_the_first_problems_are_shown_and_the_others_counted():
    found = lines(PROBLEMS_SHOWN + 1234)
    assert sum("shards/train/0" in line for line in found) == PROBLEMS_SHOWN
    assert any("and 1,234 more problems" in line for line in found)


def test_orphans_are_shown_by_kind_and_bounded():
    orphans = tuple(Orphan(name=f"x{n}", kind="foreign", num_bytes=1) for n in range(8))
    (line,) = [line for line in lines(orphans=orphans) if "foreign" in line]
    assert "8 foreign files" in line
    assert line.endswith("x0, x1, x2, x3, x4 and 3 more")
    assert report(orphans=orphans).is_sound


def test_a_run_of_which_records_are_only_missing_is_not_called_broken():
    missing = tuple(dataclasses.replace(found, wrong="missing") for found in problems(2))
    assert lines(problems=missing)[0] == "run is not finished"
    assert lines(problems=(*missing, *problems(1)))[0] == "run is broken"
    assert lines()[0] == "run is sound"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "jobs/train.py --runs run"),
        ({"count": 1}, "jobs/verify.py --run run --repair"),
        (
            {"count": 1, "removed": ("a",), "num_groups": 12},
            "jobs/generate.py that made this run again, with --num-groups 12; it makes",
        ),
        ({"count": 1, "removed": ("a",)}, "that made this run again; it makes what is missing"),
        ({"count": 1, "removable": ()}, "that made this run again; it makes what is missing"),
        ({"count": 1, "unrepairable": problems(1), "remedies": ("Ask them.",)}, "Ask them."),
    ],
)
def test_what_to_run_next(changes, said):
    found = [line for line in lines(changes.pop("count", 0), **changes) if line.startswith("Next")]
    assert len(found) == 1
    assert said in found[0]


def test_the_error_is_one_line_and_ends_a_job_with_5():
    assert report().error() is None
    broken = report(3).error()
    assert broken.exit_code == 5
    assert str(broken).startswith("run: 3 problems; expected a sound run. Run this again")
    assert report(3, removed=("a",)).error() is None
    missing = report(1, removable=()).error()
    assert str(missing).endswith(
        "a sound run. Run the command that made the run again: it makes what is missing."
    )
    left = report(3, removed=("a",), unrepairable=problems(1), remedies=("Ask.",)).error()
    assert str(left) == "run: 1 problem that cannot be repaired here; expected a sound run. Ask."
    hopeless = report(1, unrepairable=problems(1), remedies=("Ask.",)).error()
    assert str(hopeless) == "run: 1 problem; expected a sound run. Ask."
