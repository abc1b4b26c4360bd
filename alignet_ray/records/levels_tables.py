"""Tables of the Levels experiment: its design, and its catch trials.

design        image1, image2, image3, triplet_class: what each participant is shown
catch trials  image1, image2, image3, odd_position (from 0): whose odd one is beyond doubt
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from alignet_ray.errors import InputError
from alignet_ray.records.csv_rows import csv_rows
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.level_trial import Design, image_names, level_of, numbered_images


def read_design(url: str) -> tuple[tuple[str, ...], Int[np.ndarray, "rows 3"], Sequence[int]]:
    """Image names without suffix, sorted; a design table's triplets as rows of them; levels."""
    rows = csv_rows(url, ("image1", "image2", "image3", "triplet_class"))
    shown = [image_names([row[f"image{i}"] for i in (1, 2, 3)]) for row in rows]
    levels = [
        level_of(names, row["triplet_class"], f"{url}, row {number}")
        for number, (names, row) in enumerate(zip(shown, rows, strict=True), 1)
    ]
    images, triplets = numbered_images(shown)
    return images, triplets, levels


def read_design_levels(url: str) -> Design:
    """The level of each triplet of a design table. Raises InputError where rows differ about it."""
    images, triplets, levels = read_design(url)
    planned: dict[frozenset[str], int] = {}
    for row, level in zip(triplets.tolist(), levels, strict=True):
        names = frozenset(images[place] for place in row)
        if planned.setdefault(names, level) != level:
            raise InputError(
                f"two levels of the triplet {', '.join(sorted(names))}", "one", url,
                "Correct its triplet_class.",
            )  # fmt: skip
    return planned


def read_catch_trials(url: str) -> HumanChoices:
    """Triplets whose odd one out is beyond doubt; `odd_position` counts from 0."""
    rows = csv_rows(url, ("image1", "image2", "image3", "odd_position"))
    images, triplets = numbered_images(
        [image_names([r[f"image{i}"] for i in (1, 2, 3)]) for r in rows]
    )
    for number, row in enumerate(rows, 1):
        if row["odd_position"] not in ("0", "1", "2"):
            raise InputError(
                f"odd_position {row['odd_position']!r} in row {number}", "0, 1 or 2", url,
                "Count the odd one's place from 0.",
            )  # fmt: skip
    odd = np.array([int(row["odd_position"]) for row in rows], dtype=np.int64)
    return HumanChoices(names=images, triplets=triplets, odd_position=odd)
