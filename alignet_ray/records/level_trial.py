"""One line of the released Levels trials: who saw which images, and what they chose how fast.

What the fields hold is said in `levels`, which reads them all.
"""

import math
import re
from collections.abc import Mapping, Sequence
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
    level_of_classes,
    odd_class_position,
)

NO_IMAGE = "No image selected"
IMAGE_FIELDS = ("image1Path", "image2Path", "image3Path")
LEVEL_NAMES = {
    "between_class": 0, "coarse": 0,
    "within_class": 1, "fine": 1,
    "class_boundary": 2, "class_border": 2,
}  # fmt: skip

Design = Mapping[frozenset[str], int]
"""The level of each triplet of image names."""

_IMAGE_SUFFIX = re.compile(r"\.(jpe?g|png|webp)$", re.IGNORECASE)
_WORDNET_ID = re.compile(r"(n\d{8})(_|$)")
_MILLISECONDS = 1000.0


@dataclass(frozen=True, kw_only=True)
class LevelTrial:
    """One line: who, what was shown, what was said."""

    participant: tuple[str, str, str]
    images: tuple[str, str, str]
    odd_position: int
    seconds: float
    kind: int
    level: int
    is_correct: bool


def level_trial(
    record: dict[str, Any], place: str, line: str, design: Design | None = None
) -> LevelTrial:
    """The trial of a line, whose place in errors is `line`; `design` names levels that it does not.

    Raises InputError for a wrong one.
    """
    paths = [record.get(field) for field in IMAGE_FIELDS]
    if not all(isinstance(path, str) and path for path in paths):
        raise InputError(
            "a trial without its images", f"{', '.join(IMAGE_FIELDS)}", line, "Drop the line."
        )
    names = image_names([str(path) for path in paths])
    if len(set(names)) < len(names):
        raise InputError(f"an image twice ({', '.join(names)})", "three images", line)
    kind = KINDS.index(record["exp_trial_type"])
    odd = _odd_position(record.get("selected_image"), names, line)
    told = _told_level(record, names, line, design or {})
    is_missed = odd == MISSED
    who, subject = record.get("file_identifier"), str(record["subject_id"])
    return LevelTrial(
        participant=(str(who or place), subject, "" if who else str(record.get("start", ""))),
        images=names,
        odd_position=odd,
        seconds=float("nan") if is_missed else _seconds(record.get("rt"), line),
        kind=kind,
        level=level_of(names, told, line, needed=kind == EXPERIMENT),
        is_correct=kind == CATCH and _is_correct(record, names, odd, line),
    )  # fmt: skip


def image_names(paths: Sequence[str]) -> tuple[str, str, str]:
    """Names of three image files, without folder and suffix."""
    first, second, third = map(image_name, paths)
    return first, second, third


def image_name(path: str) -> str:
    """The name of an image file, without folder and suffix."""
    return _IMAGE_SUFFIX.sub("", path.rpartition("/")[2])


def level_of(names: Sequence[str], told: object, line: str, *, needed: bool = True) -> int:
    """The level that is told and that the WordNet ids say; LEVELS's first where none is needed."""
    classes = _classes(names)
    found = None if classes is None else int(level_of_classes(classes)[0])
    if told in (None, ""):
        if found is None and needed:
            raise InputError(
                f"no triplet_class, and no WordNet ids in {', '.join(names)}", "one of the two",
                line, f"Give a triplet_class ({', '.join(LEVEL_NAMES)}), or a design that does.",
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


def wordnet_id(image: str) -> str | None:
    """The class in an ImageNet file name, such as n04536866_6609; None where there is none."""
    found = _WORDNET_ID.match(image)
    return found[1] if found else None


def numbered_images(
    shown: Sequence[tuple[str, str, str]],
) -> tuple[tuple[str, ...], Int[np.ndarray, "rows 3"]]:
    """All images shown, sorted, and the triplets as rows of them."""
    images = tuple(sorted({name for names in shown for name in names}))
    row_of = {name: row for row, name in enumerate(images)}
    rows = [[row_of[name] for name in names] for names in shown]
    return images, np.array(rows, dtype=np.int64)


def _told_level(record: dict[str, Any], names: Sequence[str], line: str, design: Design) -> object:
    """The level that the line names, or else the design; where both do they must agree."""
    told, planned = record.get("triplet_class"), design.get(frozenset(names))
    if planned is None:
        return told
    if told in (None, "") or LEVEL_NAMES.get(str(told)) == planned:
        return LEVELS[planned]
    raise InputError(
        f"triplet_class {told!r}", f"{LEVELS[planned]}, as the design says", line,
        "Do trials and design belong together?",
    )  # fmt: skip


def _odd_position(selected: object, names: Sequence[str], line: str) -> int:
    if selected == NO_IMAGE:
        return MISSED
    name = image_name(str(selected))
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
