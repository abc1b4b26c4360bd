"""Models side by side on the same images: what they disagree on most, as pictures.

For the two variants of each label and the last variants of every two labels: triplets by the
divergence of the two models' pair probabilities, with what people said of them, and pairs of
images that the second model finds more or less alike than the first.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.comparison_images import (
    NOTHING,
    ComparedImages,
    Triplets,
    read_images,
    refuse_missing_images,
    source_of,
)
from alignet_ray.evaluation.comparison_pictures import pictures_of
from alignet_ray.evaluation.comparison_shown import pictured
from alignet_ray.evaluation.comparison_tasks import Answer, Question, compare
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.names_order import refuse_other_order
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.rows import DIFFERENCES, Row, row
from alignet_ray.evaluation.uncertainty_rows import responses_per_triplet
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.agreement import (
    LEAST_REPEATED,
    is_repeated,
    mean_entropy_of_people,
)
from alignet_ray.functional.comparison import PairDisagreements
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.digests import Json
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

PART = "comparison"
DIFFERENT = "share of triplets with another choice"
WITH_FROM = "people agree with the first where the two choose differently"
WITH_TO = "people agree with the second where the two choose differently"
CHANGE = "the second's agreement less the first's where the two choose differently"
HEADLINES: tuple[str, ...] = ()
COMPARISONS = "comparisons"

_USUAL_ENTROPY = 0.776
"""People's mean entropy on THINGS in nats (20 responses to a triplet, corrected), where too few
triplets say what it is here."""
_ODD_ONE_OUT = "odd_one_out"
_DRAWN_TRIPLETS = 100_000
_MOST_IMAGES = 10_000
_LEAST_IMAGES = 3
_DIGITS = 6


def lacking(config: EvaluateConfig) -> str | None:
    """What has to be given for this part and is not; None where it can be measured."""
    if not config.num_shown:
        return "--num-shown is 0"
    return NOTHING if source_of(config) is None else None


def refuse_missing(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    refuse_missing_images(config)


def read(config: EvaluateConfig) -> ComparedImages:
    """The images and what people said. Raises InputError where they cannot be used."""
    return read_images(config)


def measure(bench: Workbench, read_in: ComparedImages) -> Json:
    """How often models choose differently and whom people side with; the largest disagreements."""
    represented = bench.represent(read_in.images)
    pairs = compared_pairs([own.model for own in represented.models])
    reason = None if pairs else "one model, which is compared with none"
    if len(represented.keys) < _LEAST_IMAGES:
        reason = f"{len(represented.keys)} images that all models have"
    if reason is not None:
        bench.leave_out("comparison", reason)
        return {"data": {"name": read_in.images.name}, DIFFERENCES: [], COMPARISONS: []}
    only = bench.config.only
    if read_in.responses is not None and only and _ODD_ONE_OUT not in only:
        refuse_other_order(read_in.responses, represented, bench.config)  # that part would have
    question, data = _question(bench.config, read_in, represented)
    answers: dict[tuple[int, int], Answer] = {}
    sources = [own.source for own in represented.models]
    shown = bench.config.resources.progress
    with progress("comparing models", len(pairs), "pairs", is_shown=shown) as advance:
        for pair, answer in map_tasks(compare, pairs, sources, question):
            answers[pair] = answer
            advance(1)
    rows: list[Row] = []
    comparisons: list[Json] = []
    for pair in pairs:
        of = between(*(represented.models[place] for place in pair))
        answer = answers[pair]
        if answer.undefined is not None:
            bench.leave_out(f"{of['from_']} against {of['label']} {of['to']}", answer.undefined)
            continue
        rows += _rows(of, answer, question, read_in.images.name)
        comparisons.append(_described(of, answer, question, represented.keys))
    bench.shown[PART] = _shown(read_in.images, pictured(comparisons))
    return {"data": data, DIFFERENCES: rows, COMPARISONS: comparisons}


def _question(
    config: EvaluateConfig, read_in: ComparedImages, represented: Representations
) -> tuple[Question, Json]:
    num = len(represented.keys)
    triplets, counts = _triplets(read_in, represented.keys, config.seed)
    repeated = counts[is_repeated(counts)]
    is_known = len(repeated) >= LEAST_REPEATED
    entropy = mean_entropy_of_people(repeated) if is_known else _USUAL_ENTROPY
    rows = RandomStream(config.seed, "comparison", "images").permutation(num)[:_MOST_IMAGES]
    question = Question(
        triplets=triplets,
        counts=counts,
        rows=np.sort(rows),
        similarity=config.similarities[-1],
        mean_entropy=entropy,
        num_shown=config.num_shown,
        num_resamples=config.num_resamples,
        seed=config.seed,
    )
    data: Json = {
        "name": read_in.images.name,
        "similarity": question.similarity,
        "num_images": num,
        "num_images_in_pairs": len(rows),
        "num_triplets": len(triplets),
        "triplets": "people's" if counts.any() else "drawn",
        "mean_entropy": round(entropy, _DIGITS),
        "mean_entropy_of": "people's choices" if is_known else "people's choices on THINGS",
        "mean_entropy_is": "corrected for few responses (Miller and Madow)",
        **(responses_per_triplet(repeated) if is_known else {}),
        "shown": "an image is in at most two of the triplets, and of the pairs, of a list",
    }
    return question, data


def _triplets(read_in: ComparedImages, keys: Sequence[str], seed: int) -> tuple[Triplets, Triplets]:
    """Those that people judged; uniform draws where they judged none of these images."""
    if read_in.said is not None:
        triplets, counts = read_in.said.among(keys)
        if len(triplets):
            return triplets, counts
    stream = RandomStream(seed, "comparison", "triplets")
    drawn = stream.distinct_integers(np.full(_DRAWN_TRIPLETS, len(keys)), 3)
    triplets = np.unique(np.sort(drawn, axis=1), axis=0)
    return triplets, np.zeros_like(triplets)


def _rows(of: dict[str, str], answer: Answer, question: Question, name: str) -> list[Row]:
    assert answer.different is not None, "it is defined"
    named: dict[str, str] = {**of, "similarity": question.similarity, "data": name}
    rows = [row(DIFFERENT, answer.different, len(question.triplets), "triplets", **named)]
    if answer.sides is not None:
        rows += [
            row(measure, interval, answer.num_responses, "responses", **named)
            for measure, interval in zip((WITH_FROM, WITH_TO, CHANGE), answer.sides, strict=True)
        ]
    return rows


def _described(of: dict[str, str], answer: Answer, question: Question, keys: Sequence[str]) -> Json:
    """The disagreements by the images' keys; probabilities and counts in pair order."""
    found, more, less = answer.triplets, answer.more, answer.less
    assert found is not None, "it is defined"
    assert more is not None, "it is defined"
    assert less is not None, "it is defined"
    triplets: list[Json] = [
        {
            "images": [keys[row] for row in question.triplets[place]],
            "people": question.counts[place].tolist() if question.counts[place].any() else None,
            "from": _rounded(first),
            "to": _rounded(second),
            "divergence": round(float(divergence), _DIGITS),
        }
        for place, divergence, first, second in zip(*found, strict=True)
    ]
    named = {key.rstrip("_"): value for key, value in of.items()}
    return {
        **named,
        "triplets": triplets,
        "more_alike": _pairs(more, keys),
        "less_alike": _pairs(less, keys),
    }


def _pairs(found: PairDisagreements, keys: Sequence[str]) -> list[Json]:
    return [
        {"images": [keys[row] for row in pair], "difference": round(float(value), _DIGITS)}
        for pair, value in zip(found.pairs.tolist(), found.differences, strict=True)
    ]


def _rounded(values: Any) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]


def _shown(images: ImageSet, comparisons: Sequence[Json]) -> Json:
    """Small pictures of all images that the comparisons name, by key."""
    keys = {
        key
        for comparison in comparisons
        for kind in ("triplets", "more_alike", "less_alike")
        for item in comparison[kind]
        for key in item["images"]
    }
    return {"pictures": pictures_of(images, sorted(keys))}
