"""Small pictures for the page: a triplet of each level, and the catch trials that models fail."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.levels_catch import ShownCatchTrials, is_right
from alignet_ray.evaluation.representations import Represented
from alignet_ray.functional.levels import LEVELS, JudgedTriplets
from alignet_ray.functional.odd_one_out import odd_one_out
from alignet_ray.functional.triplet_scores import TIED, TripletScores
from alignet_ray.pages.pictures import SMALL, picture
from alignet_ray.records.digests import Json
from alignet_ray.records.store import read_url
from alignet_ray.stages.tasks import run_task


def level_examples(
    judged: JudgedTriplets, images: ImageSet, keys: Sequence[str]
) -> dict[str, Json]:
    """Of each level the triplet whose people agree most (the first of these): its pictures, and
    how many people left out each image. `keys` are what the triplets count in.
    """
    chosen: dict[str, int] = {}
    agreement = judged.counts.max(axis=1) / judged.counts.sum(axis=1)
    for number, level in enumerate(LEVELS):
        rows = np.flatnonzero(judged.level == number)
        if len(rows):
            chosen[level] = int(rows[agreement[rows].argmax()])
    names = {level: _names(judged.triplets[row], keys) for level, row in chosen.items()}
    uris = _uris(images, [name for triplet in names.values() for name in triplet])
    return {
        level: {
            "images": triplet,
            "uris": [uris[name] for name in triplet],
            # Leaving out image i is choosing pair 2 - i.
            "left_out": judged.counts[chosen[level]][::-1].tolist(),
        }
        for level, triplet in names.items()
    }


def failed_catch(
    models: Sequence[Represented],
    scores: Mapping[str, Sequence[TripletScores]],
    shown: ShownCatchTrials,
    images: ImageSet,
    keys: Sequence[str],
    most: int,
) -> list[Json]:
    """The catch trials that models fail, those that most fail first, at most `most` of them.

    Under each similarity: who leaves out another image, and which (None for a tie).
    """
    wrong = np.array([[~is_right(own, shown) for own in found] for found in scores.values()])
    num_wrong = wrong.sum(axis=(0, 1))
    order = np.argsort(-num_wrong, kind="stable")[:most]
    failed = [int(row) for row in order if num_wrong[row]]
    names = {trial: _names(shown.triplets[trial], keys) for trial in failed}
    uris = _uris(images, [name for triplet in names.values() for name in triplet])
    odd = odd_one_out(shown.right_pair)
    return [
        {
            "images": names[trial],
            "uris": [uris[name] for name in names[trial]],
            "odd": int(odd[trial]),
            "wrong": {
                similarity: [
                    {**model.name, "odd": _left_out(own, trial)}
                    for model, own in zip(models, found, strict=True)
                    if own.choice[trial] != shown.right_pair[trial]
                ]
                for similarity, found in scores.items()
            },
        }
        for trial in failed
    ]


def _names(triplet: Int[np.ndarray, "3"], keys: Sequence[str]) -> list[str]:
    rows: list[int] = triplet.tolist()
    return [keys[row] for row in rows]


def _left_out(scores: TripletScores, trial: int) -> int | None:
    if scores.choice[trial] == TIED:
        return None
    return int(odd_one_out(scores.choice)[trial])


def _uris(images: ImageSet, keys: Sequence[str]) -> dict[str, str | None]:
    """Each image's thumbnail as a data URI, None where it does not decode."""
    urls = {key: images.urls[key] for key in keys}
    return run_task(_pictures, urls) if urls else {}


def _pictures(urls: Mapping[str, str]) -> dict[str, Any]:
    return {key: picture(read_url(url), key, None, SMALL).uri for key, url in urls.items()}
