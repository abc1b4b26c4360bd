"""Refuse a human embedding whose rows are clearly in another order than its names.

Where choices and embedding are both numbered by the same names file, a wrong names file fits them
as well as the right one: then only the images, which are found by id, can tell.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.row_order import (
    clearly_better,
    evidence_of_choices,
    evidence_of_images,
    moved_rows,
    other_orders,
    z_score,
)
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.stages.embed_objects import ObjectEmbeddings

Order = Int[np.ndarray, "objects"]
Vector = Float[np.ndarray, "items"]


def refuse_order_unlike_choices(
    embedding: HumanEmbedding, choices: HumanChoices, config: HumanSourcesConfig
) -> None:
    """Raise InputError where people's choices clearly fit the rows in another usual order."""
    rows, kept = choices.rows_among(embedding.names)
    triplets, counts = count_choices(rows, choices.odd_position[kept])
    if not len(triplets):
        return

    def gain(order: Order) -> Vector:
        vectors = embedding.vectors
        return evidence_of_choices(vectors, vectors[order], triplets, counts)

    _refuse_better_order(embedding.names, gain, "the responses fit", config)


def refuse_order_unlike_images(
    embedding: HumanEmbedding,
    names: Sequence[str],
    objects: ObjectEmbeddings,
    config: HumanSourcesConfig,
) -> None:
    """Raise InputError where the objects' images clearly fit the rows in another usual order.

    `names` are what the rows of a file count: those of a ready embedding, or those that the
    choices of a fitted one were numbered by, some of which nobody may have judged.
    """
    judged, seen = (
        {name: row for row, name in enumerate(ids)} for ids in (embedding.names, objects.object_ids)
    )
    human, image = (
        np.array([rows.get(name, -1) for name in names], dtype=np.int64) for rows in (judged, seen)
    )
    images = objects.vectors.astype(np.float64)

    def gain(order: Order) -> Vector:
        other = human[order]
        known = (human >= 0) & (other >= 0) & (image >= 0)
        vectors = embedding.vectors
        return evidence_of_images(
            vectors[human[known]], vectors[other[known]], images[image[known]]
        )

    _refuse_better_order(names, gain, "the images fit", config)


def _refuse_better_order(
    names: Sequence[str],
    gain: Callable[[Order], Vector],
    reason: str,
    config: HumanSourcesConfig,
) -> None:
    """Try every other order; raise for the best of them where it is clearly better."""
    if not config.check_order:
        return
    orders = other_orders(names)
    scores = {title: z_score(gain(order)) for title, order in orders.items()}
    better = clearly_better(scores)
    if better:
        best = better[0]
        said = f"{reason} it better, z = {scores[best]:.1f}"
        raise _refusal(names, orders[best], best, said, config)


def _refusal(
    names: Sequence[str],
    order: Order,
    title: str,
    reason: str,
    config: HumanSourcesConfig,
) -> InputError:
    if config.human_embedding is None:
        place = f"{config.choices}, numbered by {config.names}"
        remedy = (
            f"Give --names with {title}, if that is what the choices' numbers count, or say "
            "--no-check-order if the order is meant."
        )
    else:
        place = f"{config.human_embedding}, rows of {config.human_embedding_names or config.names}"
        remedy = (
            f"Give a file with {title} as --human-embedding-names, or as --names where "
            "responses are numbers too; or say --no-check-order if the order is meant."
        )
    return InputError(
        f"its rows seem to be in another order, {title} ({reason}): "
        f"{moved_rows(names, order)}",
        "names in the order of the rows", place, remedy,
    )  # fmt: skip
