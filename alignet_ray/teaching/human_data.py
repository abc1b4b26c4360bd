"""All that people said, read from the files that the settings name, and the triplets of a fit.

A triplet counts only if all its three objects are on one side, so validation sees unseen objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.odd_one_out import pair_log_probabilities, pair_similarities
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.transform_fit import hold_out, is_within, random_triplets
from alignet_ray.records.choices import read_choices
from alignet_ray.records.digests import Json
from alignet_ray.records.human import HumanChoices, HumanProbabilities, read_names
from alignet_ray.records.human_embedding import HumanEmbedding, read_human_embedding
from alignet_ray.records.human_tables import read_probabilities
from alignet_ray.teaching.row_order import refuse_order_unlike_choices

_LEAST_OBJECTS = 3

HumanSource = HumanChoices | HumanProbabilities | HumanEmbedding


@dataclass(frozen=True, kw_only=True)
class HumanData:
    """What people said of the objects `names`; `responses` only where they are given."""

    names: tuple[str, ...]
    source: HumanSource
    responses: HumanChoices | None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Triplets as rows of the embedded objects, with human pair probabilities."""

    triplets: Int[np.ndarray, "triplets 3"]
    probabilities: Float[np.ndarray, "triplets 3"]


@dataclass(frozen=True, kw_only=True)
class FitData:
    """Both sides, and what was counted on the way."""

    train: Judged
    held_out: Judged
    counts: Json


def read_human_data(config: HumanSourcesConfig) -> HumanData:
    """Read the files. Without names, the objects are those of the source.

    Raises InputError or ConfigError, naming the first wrong lines or rows, for a file that cannot
    be used and for an embedding whose rows are clearly in another order than its names.
    """
    given = read_names(config.names) if config.names is not None else None
    source = _read_source(config, given)
    names = source.names if given is None else given
    responses = None
    if config.responses is not None:
        responses = read_choices(config.responses, names, config.responses_layout)
    if isinstance(source, HumanEmbedding) and responses is not None:
        refuse_order_unlike_choices(source, responses, config)
    return HumanData(names=names, source=source, responses=responses)


def _read_source(config: HumanSourcesConfig, names: tuple[str, ...] | None) -> HumanSource:
    if config.choices is not None:
        return read_choices(config.choices, names, config.choices_layout)
    if config.probabilities is not None:
        return read_probabilities(config.probabilities, names)
    assert config.human_embedding is not None, "the settings ask for exactly one source"
    return read_human_embedding(
        config.human_embedding,
        names,
        scale=config.human_scale,
        own_names=config.human_embedding_names,
    )


def fit_data(
    source: HumanSource,
    object_ids: Sequence[str],
    config: FitTeacherConfig,
) -> FitData:
    """Hold objects out and give each side its triplets. Raises InputError where one has none."""
    held_out = hold_out(len(object_ids), config.fit.held_out_fraction, config.seed)
    sides = {"train": ~held_out, "held_out": held_out}
    counts: Json = {f"{name}_objects": int(side.sum()) for name, side in sides.items()}
    if isinstance(source, HumanEmbedding):
        train, validation = _draw(source, object_ids, sides, config)
    else:
        rows, kept = source.rows_among(object_ids)
        probabilities = source.probabilities[kept]
        train, validation = (_chosen(rows, probabilities, side) for side in sides.values())
        used = len(train.triplets) + len(validation.triplets)
        counts["dropped_without_image"] = int((~kept).sum())
        counts["dropped_across_sides"] = len(rows) - used
    counts.update(train_triplets=len(train.triplets), held_out_triplets=len(validation.triplets))
    if not len(train.triplets) or not len(validation.triplets):
        raise InputError(
            f"{len(train.triplets)} training and {len(validation.triplets)} held-out triplets "
            f"of {len(object_ids)} objects",
            "some of both, each with all its objects on one side",
            config.judgements,
            "Give more triplets, or set --fit.held-out-fraction nearer to a half.",
        )
    return FitData(train=train, held_out=validation, counts=counts)


def _chosen(
    rows: Int[np.ndarray, "triplets 3"],
    probabilities: Float[np.ndarray, "triplets 3"],
    side: Bool[np.ndarray, "objects"],
) -> Judged:
    chosen = is_within(rows, side)
    return Judged(triplets=rows[chosen], probabilities=probabilities[chosen])


def _draw(
    source: HumanEmbedding,
    object_ids: Sequence[str],
    sides: dict[str, Bool[np.ndarray, "objects"]],
    config: FitTeacherConfig,
) -> list[Judged]:
    row_of = {name: row for row, name in enumerate(source.names)}
    vectors = source.vectors[[row_of[object_id] for object_id in object_ids]]
    wanted = (config.fit.num_triplets, config.fit.num_held_out_triplets)
    drawn: list[Judged] = []
    for (name, side), count in zip(sides.items(), wanted, strict=True):
        objects = np.flatnonzero(side)
        count = count if len(objects) >= _LEAST_OBJECTS else 0
        stream = RandomStream(config.seed, "teacher_triplets", name)
        triplets = random_triplets(objects, count, stream) if count else np.empty((0, 3), np.int64)
        similarities = torch.from_numpy(pair_similarities(vectors, triplets))
        probabilities = pair_log_probabilities(similarities).exp().numpy()
        drawn.append(Judged(triplets=triplets, probabilities=probabilities))
    return drawn
