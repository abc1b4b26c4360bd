"""Refuse a human embedding whose rows are clearly in another order than its names.

Where choices and embedding are both numbered by the same names file, a wrong names file fits them
as well as the right one: then only the images, which are found by id, can tell.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.row_order import (
    CLEARLY,
    evidence_of_choices,
    evidence_of_images,
    other_orders,
    z_score,
)
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.stages.embed_objects import ObjectEmbeddings

Vectors = Float[np.ndarray, "objects dim"]
Vector = Float[np.ndarray, "items"]

_NUM_SHOWN = 3


def refuse_order_unlike_choices(
    embedding: HumanEmbedding, choices: HumanChoices, config: HumanSourcesConfig
) -> None:
    """Raise InputError where people's choices clearly fit the rows in another usual order."""
    rows, kept = choices.rows_among(embedding.names)
    triplets, counts = count_choices(rows, choices.odd_position[kept])
    if not len(triplets):
        return

    def gain(other: Vectors) -> Vector:
        return evidence_of_choices(embedding.vectors, other, triplets, counts)

    _refuse_better_order(embedding, gain, "the responses fit", config)


def refuse_order_unlike_images(
    embedding: HumanEmbedding, objects: ObjectEmbeddings, config: HumanSourcesConfig
) -> None:
    """Raise InputError where the objects' images clearly fit the rows in another usual order.

    `embedding` may be a ready one or one that was fitted to choices of numbered objects.
    """
    row_of = {name: row for row, name in enumerate(embedding.names)}
    own = np.array([row_of[object_id] for object_id in objects.object_ids], dtype=np.int64)
    images = objects.vectors.astype(np.float64)

    def gain(other: Vectors) -> Vector:
        return evidence_of_images(embedding.vectors[own], other[own], images)

    _refuse_better_order(embedding, gain, "the images fit", config)


def _refuse_better_order(
    embedding: HumanEmbedding,
    gain: Callable[[Vectors], Vector],
    reason: str,
    config: HumanSourcesConfig,
) -> None:
    """Try every other order; raise for the best of them where it is clearly better."""
    orders = other_orders(embedding.names)
    scores = {title: z_score(gain(embedding.vectors[rows])) for title, rows in orders.items()}
    best = max(scores, key=lambda title: scores[title], default=None)
    if best is not None and scores[best] > CLEARLY:
        said = f"{reason} it better, z = {scores[best]:.1f}"
        raise _refusal(embedding, orders[best], best, said, config)


def _refusal(
    embedding: HumanEmbedding,
    order: Int[np.ndarray, "objects"],
    title: str,
    reason: str,
    config: HumanSourcesConfig,
) -> InputError:
    names = embedding.names
    name_at = {int(place): name for name, place in zip(names, order, strict=True)}
    moved = [row for row, place in enumerate(order.tolist()) if row != place]
    listed = ", ".join(
        f"row {row + 1} is {names[row]!r} there and {name_at[row]!r} in {title}"
        for row in moved[:_NUM_SHOWN]
    )
    if config.human_embedding is None:
        place = f"{config.choices}, numbered by {config.names}"
        remedy = f"Give --names with {title}, if that is what the choices' numbers count."
    else:
        place = f"{config.human_embedding}, rows of {config.human_embedding_names or config.names}"
        remedy = (
            f"Give a file with {title} as --human-embedding-names, or as --names where "
            "responses are numbers too."
        )
    return InputError(
        f"its rows seem to be in another order, {title} ({reason}): {len(moved)} differ, {listed}",
        "names in the order of the rows", place, remedy,
    )  # fmt: skip
