"""The released Levels trials: JSON lines, one object per jsPsych trial, one file per participant.

    exp_trial_type        exp_trial | catch_trial | training_trial; other lines are no triplets
    image1Path .. 3       path or name of each image, as shown from left to right
    selected_image        the odd one out, or "No image selected" after 15 s
    rt                    response time in milliseconds
    subject_id            the set of trials, participant_<n>; a set may have been dealt out twice
    file_identifier       the participant; without it the file, the subject and the session's start
    triplet_class         between_class | within_class | class_boundary (also class_border)
    catch_trial_correct   whether a catch trial was answered rightly

The level is also known from the WordNet ids of the image names (n04536866_6609.JPEG), and with it
the odd one of a catch trial: where both are told they must agree. A design table can name the
level where neither does. A folder is read file by file.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from alignet_ray.errors import InputError
from alignet_ray.functional.levels import EXPERIMENT, KINDS, LEVELS, Trials
from alignet_ray.records.level_trial import Design, LevelTrial, level_trial, numbered_images
from alignet_ray.records.store import Folder, read_url

TRIAL_SUFFIXES = (".json", ".jsonl")
_SHOWN_LETTERS = 60


@dataclass(frozen=True, kw_only=True)
class LevelsTrials:
    """Trials of all participants; numbers count in `images` (names without suffix, sorted).

    Equal numbers in `trial_sets` are participants who were dealt the same set.
    """

    images: tuple[str, ...]
    participants: tuple[str, ...]
    trial_sets: Int[np.ndarray, "participants"]
    trials: Trials
    num_other_lines: int
    num_without_subject: int


def read_levels(url: str, design: Design | None = None) -> LevelsTrials:
    """All trials in a file or in the .json and .jsonl files of a folder.

    `design` has the levels of triplets whose trials do not name them.
    Participants are in the order of their files and lines. Raises InputError naming the first
    wrong line, a triplet of the experiment under two levels, and a participant who answers one
    twice.
    """
    trials: list[LevelTrial] = []
    levels: dict[frozenset[str], tuple[int, str]] = {}
    num_other = num_without = 0
    for place in _places(url):
        for number, record in _records(place):
            if record.get("exp_trial_type") not in KINDS:
                num_other += 1
            elif record.get("subject_id") is None:
                num_without += 1
            else:
                line = f"{place}, line {number}"
                trials.append(level_trial(record, place, line, design))
                _refuse_second_level(trials[-1], line, levels)
    if not trials:
        raise InputError(
            "no trials", f"lines whose exp_trial_type is one of {', '.join(KINDS)}", url,
            "Give the JSON lines of the Levels experiment.",
        )  # fmt: skip
    return _joined(trials, url, num_other, num_without)


def _places(url: str) -> list[str]:
    if url.lower().endswith(TRIAL_SUFFIXES):
        return [url]
    folder = Folder.at(url)
    names = sorted(name for name in folder.sizes() if name.lower().endswith(TRIAL_SUFFIXES))
    if not names:
        raise InputError(
            "no .json or .jsonl file", "one per participant", folder.url, "Check the folder."
        )
    return [folder.place(name) for name in names]


def _records(place: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line that is not blank, as an object, with its number from 1."""
    for number, line in enumerate(read_url(place).splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            shown = line[:_SHOWN_LETTERS].decode(errors="replace")
            raise _wrong(f"no JSON ({shown!r})", "one object a line", place, number) from error
        if not isinstance(record, dict):
            raise _wrong(f"a {type(record).__name__}", "one JSON object a line", place, number)
        yield number, record


def _wrong(value: str, expectation: str, place: str, number: int) -> InputError:
    return InputError(value, expectation, f"{place}, line {number}", "Write it as JSON lines.")


def _joined(
    trials: Sequence[LevelTrial], url: str, num_other: int, num_without: int
) -> LevelsTrials:
    images, triplets = numbered_images([trial.images for trial in trials])
    people = list(dict.fromkeys(trial.participant for trial in trials))
    number_of = {who: number for number, who in enumerate(people)}
    joined = Trials(
        participant=np.array([number_of[trial.participant] for trial in trials], np.int64),
        triplets=triplets,
        odd_position=np.array([trial.odd_position for trial in trials], np.int64),
        seconds=np.array([trial.seconds for trial in trials], np.float64),
        kind=np.array([trial.kind for trial in trials], np.int64),
        level=np.array([trial.level for trial in trials], np.int64),
        is_correct=np.array([trial.is_correct for trial in trials], np.bool_),
    )
    _refuse_second_answers(joined, people, url)
    return LevelsTrials(
        images=images,
        participants=tuple(_person(who) for who in people),
        trial_sets=np.unique([subject for _, subject, _ in people], return_inverse=True)[1],
        trials=joined,
        num_other_lines=num_other,
        num_without_subject=num_without,
    )


def _person(who: tuple[str, str, str]) -> str:
    return ", ".join(part for part in who if part)


def _refuse_second_level(
    trial: LevelTrial, line: str, levels: dict[frozenset[str], tuple[int, str]]
) -> None:
    """Refuse another level than that of the first line with these images, which is noted."""
    if trial.kind != EXPERIMENT:
        return
    level, first = levels.setdefault(frozenset(trial.images), (trial.level, line))
    if trial.level != level:
        raise InputError(
            f"level {LEVELS[trial.level]} of the triplet {', '.join(sorted(trial.images))}",
            f"{LEVELS[level]}, as in {first}", line, "Correct the triplet_class of one of the two.",
        )  # fmt: skip


def _refuse_second_answers(
    trials: Trials, people: Sequence[tuple[str, str, str]], url: str
) -> None:
    shown = trials.among(trials.kind == EXPERIMENT)
    keys = np.column_stack([shown.participant, np.sort(shown.triplets, axis=1)])
    unique, counts = np.unique(keys, axis=0, return_counts=True)
    doubled = unique[counts > 1]
    if len(doubled):
        raise InputError(
            f"{_person(people[doubled[0, 0]])!r} answers {len(doubled)} triplets twice",
            "one answer of a participant to each", url,
            "Two people under one name? Give each a file_identifier or a file of their own.",
        )  # fmt: skip
