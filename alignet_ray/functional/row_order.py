"""Whether the rows of an embedding are in another order than their names say.

The same objects exist in several sorted orders that no count can tell apart: that of their ids,
of their files (`ice-cream_cone_01b.jpg` before `ice_01b.jpg`: THINGS's triplets and embeddings),
and of their ids with `_` as a space (`hot_tub` before `hot-air_balloon`: its concept table). An
embedding that is read in the wrong one raises no error and is wrong in a few rows alone. So orders
are compared by something that does not depend on them: people's choices, or the objects' images.

Evidence is one number for each item that the orders disagree on, above 0 where the other order
fits better, and z = sum / sqrt(sum of squares): where the signs are random, P(z >= t) is at most
exp(-t^2 / 2) whatever the numbers are and however few (Efron 1969), so a few items decide nothing.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.odd_one_out import (
    as_similarity_space,
    pair_log_probabilities,
    pair_similarities,
)

CLEARLY = 3.0
"""z from which the other order is taken for the true one."""

_MOST_COMPARED = 1000
_NUM_SHOWN = 3

Vectors = Float[np.ndarray, "objects dim"]


_ORDERS: dict[str, Callable[[str], str]] = {
    "sorted ids": lambda name: name,
    "ids sorted as names of files": lambda name: f"{name}_",
    "ids sorted with '_' as a space": lambda name: name.replace("_", " "),
}


def other_orders(names: Sequence[str]) -> dict[str, Int[np.ndarray, "objects"]]:
    """For each sorted order that is not that of the names: the row of each name, were it used."""
    orders: dict[str, Int[np.ndarray, "objects"]] = {}
    for title, key in _ORDERS.items():
        row_of = {name: row for row, name in enumerate(sorted(names, key=key))}
        rows = np.array([row_of[name] for name in names], dtype=np.int64)
        if not np.array_equal(rows, np.arange(len(names))):
            orders[title] = rows
    return orders


def evidence_of_choices(
    given: Vectors,
    other: Vectors,
    triplets: Int[np.ndarray, "triplets 3"],
    counts: Int[np.ndarray, "triplets 3"],
) -> Float[np.ndarray, "items"]:
    """Gain in mean log-likelihood of each unique triplet's choices, `other` less `given`.

    Triplets whose objects have the same vectors in both are left out.
    """
    moved = _moved(given, other)
    touched = np.logical_or.reduce(moved[triplets], axis=1)
    return gains_of_choices(given, other, triplets[touched], counts[touched])


def gains_of_choices(
    given: Vectors,
    other: Vectors,
    triplets: Int[np.ndarray, "triplets 3"],
    counts: Int[np.ndarray, "triplets 3"],
) -> Float[np.ndarray, "triplets"]:
    """Gain in mean log-likelihood of each unique triplet's choices, `other` less `given`."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    before, after = (
        pair_log_probabilities(torch.from_numpy(pair_similarities(v, triplets))).numpy()
        for v in (given, other)
    )
    return (shares * (after - before)).sum(axis=1)


def gains_of_objects(
    gains: Float[np.ndarray, "triplets"],
    triplets: Int[np.ndarray, "triplets 3"],
    is_moved: Bool[np.ndarray, "objects"],
) -> Float[np.ndarray, "moved"]:
    """The gains of triplets summed for the first moved object of each: triplets that share an
    object are no independent evidence. Every triplet shows a moved object.
    """
    first = triplets[np.arange(len(triplets)), is_moved[triplets].argmax(axis=1)]
    return np.bincount(first, weights=gains, minlength=len(is_moved))[is_moved]


def evidence_of_images(
    given: Vectors, other: Vectors, images: Float[np.ndarray, "objects features"]
) -> Float[np.ndarray, "items"]:
    """Gain in the correlation of each moved object's similarities with those of its image.

    Human dot products to all other objects against centred cosines of image representations;
    of very many objects the first thousand are compared.
    """
    moved = np.flatnonzero(_moved(given, other))[:_MOST_COMPARED]
    space = as_similarity_space(images, "centred_cosine")
    seen = space[moved] @ space.T
    before, after = (
        _correlations(seen, vectors[moved] @ vectors.T, moved) for vectors in (given, other)
    )
    return after - before


def clearly_better(scores: Mapping[str, float]) -> list[str]:
    """The orders whose z says that they are clearly better, that with the largest first.

    Where hardly a row is right, orders that differ from each other in a few rows are all better.
    """
    return sorted(
        (title for title, z in scores.items() if z > CLEARLY), key=lambda title: -scores[title]
    )


def moved_rows(names: Sequence[str], order: Int[np.ndarray, "objects"]) -> str:
    """How many rows would be of another object were the order used, and the first of them."""
    name_at = {int(place): name for name, place in zip(names, order, strict=True)}
    moved = [row for row, place in enumerate(order.tolist()) if row != place]
    listed = ", ".join(
        f"row {row + 1} is {names[row]!r} and would be {name_at[row]!r}"
        for row in moved[:_NUM_SHOWN]
    )
    return f"{len(moved)} differ, {listed}"


def z_score(evidence: Float[np.ndarray, "items"]) -> float:
    """Sum over root of the sum of squares; at most the root of the number of items."""
    length = float(np.sqrt((evidence**2).sum()))
    return float(evidence.sum()) / length if length > 0 else 0.0


def _moved(given: Vectors, other: Vectors) -> Bool[np.ndarray, "objects"]:
    return np.logical_or.reduce(given != other, axis=1)


def _correlations(
    first: Float[np.ndarray, "rows objects"],
    second: Float[np.ndarray, "rows objects"],
    own: Int[np.ndarray, "rows"],
) -> Float[np.ndarray, "rows"]:
    """Pearson's, row by row, without each row's own object; 0 where a row is constant."""
    is_other = np.ones(first.shape)
    is_other[np.arange(len(own)), own] = 0
    num_others = max(1, first.shape[1] - 1)
    first, second = (
        (m - (m * is_other).sum(axis=1, keepdims=True) / num_others) * is_other
        for m in (first, second)
    )
    products = (first * second).sum(axis=1)
    lengths = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
