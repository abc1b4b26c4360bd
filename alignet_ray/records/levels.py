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
the odd one of a catch trial: where both are told they must agree. A folder is read file by file.
The design tables of the experiment (image1, image2, image3, triplet_class) and its catch trials
(image1, image2, image3, odd_position from 0) are read here too.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from alignet_ray.errors import InputError
from alignet_ray.functional.levels import (
    CATCH,
    EXPERIMENT,
    KINDS,
    LEVELS,
    MISSED,
    Trials,
    level_of_classes,
    odd_class_position,
)
from alignet_ray.records.csv_rows import csv_rows
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.store import Folder, read_url

NO_IMAGE = "No image selected"
IMAGE_FIELDS = ("image1Path", "image2Path", "image3Path")
LEVEL_NAMES = {
    "between_class": 0, "coarse": 0,
    "within_class": 1, "fine": 1,
    "class_boundary": 2, "class_border": 2,
}  # fmt: skip

_SUFFIXES = (".json", ".jsonl")
_IMAGE_SUFFIX = re.compile(r"\.(jpe?g|png|webp)$", re.IGNORECASE)
_WORDNET_ID = re.compile(r"(n\d{8})(_|$)")
_MILLISECONDS = 1000.0
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


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """One line: who, what was shown, what was said."""

    participant: tuple[str, str, str]
    images: tuple[str, str, str]
    odd_position: int
    seconds: float
    kind: int
    level: int
    is_correct: bool


def read_levels(url: str) -> LevelsTrials:
    """All trials in a file or in the .json and .jsonl files of a folder.

    Participants are in the order of their files and lines. Raises InputError naming the first
    wrong line, and a participant who answers one triplet of the experiment twice.
    """
    trials: list[_Trial] = []
    num_other = num_without = 0
    for place in _places(url):
        for number, record in _records(place):
            if record.get("exp_trial_type") not in KINDS:
                num_other += 1
            elif record.get("subject_id") is None:
                num_without += 1
            else:
                trials.append(_trial(record, place, f"{place}, line {number}"))
    if not trials:
        raise InputError(
            "no trials", f"lines whose exp_trial_type is one of {', '.join(KINDS)}", url,
            "Give the JSON lines of the Levels experiment.",
        )  # fmt: skip
    return _joined(trials, url, num_other, num_without)


def read_design(url: str) -> tuple[tuple[str, ...], Int[np.ndarray, "rows 3"], Sequence[int]]:
    """Image names without suffix, sorted; a design table's triplets as rows of them; levels."""
    rows = csv_rows(url, ("image1", "image2", "image3", "triplet_class"))
    shown = [_image_names([row[f"image{i}"] for i in (1, 2, 3)]) for row in rows]
    levels = [
        _level_of(names, row["triplet_class"], f"{url}, row {number}")
        for number, (names, row) in enumerate(zip(shown, rows, strict=True), 1)
    ]
    images, triplets = _numbered(shown)
    return images, triplets, levels


def read_catch_trials(url: str) -> HumanChoices:
    """Triplets whose odd one out is beyond doubt; `odd_position` counts from 0."""
    rows = csv_rows(url, ("image1", "image2", "image3", "odd_position"))
    images, triplets = _numbered([_image_names([r[f"image{i}"] for i in (1, 2, 3)]) for r in rows])
    for number, row in enumerate(rows, 1):
        if row["odd_position"] not in ("0", "1", "2"):
            raise InputError(
                f"odd_position {row['odd_position']!r} in row {number}", "0, 1 or 2", url,
                "Count the odd one's place from 0.",
            )  # fmt: skip
    odd = np.array([int(row["odd_position"]) for row in rows], dtype=np.int64)
    return HumanChoices(names=images, triplets=triplets, odd_position=odd)


def wordnet_id(image: str) -> str | None:
    """The class in an ImageNet file name, such as n04536866_6609; None where there is none."""
    found = _WORDNET_ID.match(image)
    return found[1] if found else None


def _places(url: str) -> list[str]:
    if url.lower().endswith(_SUFFIXES):
        return [url]
    folder = Folder.at(url)
    names = sorted(name for name in folder.sizes() if name.lower().endswith(_SUFFIXES))
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
        except ValueError as error:
            shown = line[:_SHOWN_LETTERS].decode(errors="replace")
            raise _wrong(f"no JSON ({shown!r})", "one object a line", place, number) from error
        if not isinstance(record, dict):
            raise _wrong(f"a {type(record).__name__}", "one JSON object a line", place, number)
        yield number, record


def _wrong(value: str, expectation: str, place: str, number: int) -> InputError:
    return InputError(value, expectation, f"{place}, line {number}", "Write it as JSON lines.")


def _trial(record: dict[str, Any], place: str, line: str) -> _Trial:
    paths = [record.get(field) for field in IMAGE_FIELDS]
    if not all(isinstance(path, str) and path for path in paths):
        raise InputError(
            "a trial without its images", f"{', '.join(IMAGE_FIELDS)}", line, "Drop the line."
        )
    names = _image_names([str(path) for path in paths])
    if len(set(names)) < len(names):
        raise InputError(f"an image twice ({', '.join(names)})", "three images", line)
    kind = KINDS.index(record["exp_trial_type"])
    odd = _odd_position(record.get("selected_image"), names, line)
    is_missed = odd == MISSED
    who, subject = record.get("file_identifier"), str(record["subject_id"])
    return _Trial(
        participant=(str(who or place), subject, "" if who else str(record.get("start", ""))),
        images=names,
        odd_position=odd,
        seconds=float("nan") if is_missed else _seconds(record.get("rt"), line),
        kind=kind,
        level=_level_of(names, record.get("triplet_class"), line, needed=kind == EXPERIMENT),
        is_correct=kind == CATCH and _is_correct(record, names, odd, line),
    )  # fmt: skip


def _image_names(paths: Sequence[str]) -> tuple[str, str, str]:
    first, second, third = (_IMAGE_SUFFIX.sub("", path.rpartition("/")[2]) for path in paths)
    return first, second, third


def _odd_position(selected: object, names: Sequence[str], line: str) -> int:
    if selected == NO_IMAGE:
        return MISSED
    name = _IMAGE_SUFFIX.sub("", str(selected).rpartition("/")[2])
    if name not in names:
        raise InputError(
            f"selected_image {selected!r}", f"one of {', '.join(names)}, or {NO_IMAGE!r}", line,
            "Correct or drop the line.",
        )  # fmt: skip
    return names.index(name)


def _seconds(milliseconds: Any, line: str) -> float:
    is_number = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
    if is_number and 0 < milliseconds < math.inf:
        return milliseconds / _MILLISECONDS
    raise InputError(
        f"rt {milliseconds!r}", "a response time above 0 in milliseconds", line,
        "Correct or drop the line.",
    )  # fmt: skip


def _classes(names: Sequence[str]) -> Int[np.ndarray, "1 3"] | None:
    """The classes of three images as numbers, or None where a name holds no WordNet id."""
    ids = [wordnet_id(name) for name in names]
    if None in ids:
        return None
    return np.array([[ids.index(own) for own in ids]])


def _level_of(names: Sequence[str], told: object, line: str, *, needed: bool = True) -> int:
    """The level that is told and that the WordNet ids say; LEVELS's first where none is needed."""
    classes = _classes(names)
    found = None if classes is None else int(level_of_classes(classes)[0])
    if told in (None, ""):
        if found is None and needed:
            raise InputError(
                f"no triplet_class, and no WordNet ids in {', '.join(names)}", "one of the two",
                line, f"Give a triplet_class: {', '.join(LEVEL_NAMES)}.",
            )  # fmt: skip
        return found or 0
    if told not in LEVEL_NAMES:
        raise InputError(f"triplet_class {told!r}", ", ".join(LEVEL_NAMES), line)
    level = LEVEL_NAMES[str(told)]
    if found not in (None, level):
        raise InputError(
            f"triplet_class {told!r}", f"{LEVELS[found or 0]}, as {', '.join(names)} say", line,
            "Correct the name or the images.",
        )  # fmt: skip
    return level


def _is_correct(record: dict[str, Any], names: Sequence[str], odd: int, line: str) -> bool:
    told = record.get("catch_trial_correct")
    classes = _classes(names)
    known = MISSED if classes is None else int(odd_class_position(classes)[0])
    if known == MISSED and told is None:
        raise InputError(
            "a catch trial whose right answer is not known", "catch_trial_correct", line,
            "Or two images of one class and one of another.",
        )  # fmt: skip
    if told is None:
        return odd == known
    if known != MISSED and bool(told) != (odd == known):
        raise InputError(
            f"catch_trial_correct {told!r} for {names[odd] if odd != MISSED else NO_IMAGE}",
            f"the odd one to be {names[known]}, whose class the others have not", line,
            "Look at that line.",
        )  # fmt: skip
    return bool(told)


def _numbered(
    shown: Sequence[tuple[str, str, str]],
) -> tuple[tuple[str, ...], Int[np.ndarray, "rows 3"]]:
    images = tuple(sorted({name for names in shown for name in names}))
    row_of = {name: row for row, name in enumerate(images)}
    rows = [[row_of[name] for name in names] for names in shown]
    return images, np.array(rows, dtype=np.int64)


def _joined(trials: Sequence[_Trial], url: str, num_other: int, num_without: int) -> LevelsTrials:
    images, triplets = _numbered([trial.images for trial in trials])
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
