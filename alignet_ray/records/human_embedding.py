"""A human embedding that is ready: a mean per object, perhaps a scale, and whose rows they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.arrays import read_matrix
from alignet_ray.records.human import read_names
from alignet_ray.records.wording import numbered, quoted


@dataclass(frozen=True, kw_only=True)
class HumanEmbedding:
    """One vector per name, the mean of a Gaussian where a scale (standard deviation) is given.

    Softmax of dot products gives the probabilities. `names` are the ids of the rows, in their own
    order.
    """

    names: tuple[str, ...]
    vectors: Float[np.ndarray, "objects dim"]
    scale: Float[np.ndarray, "objects dim"] | None = None


def read_human_embedding(
    url: str,
    names: Sequence[str] | None,
    *,
    scale: str | None = None,
    own_names: str | None = None,
) -> HumanEmbedding:
    """Mean and scale (.npy) of the named objects; their rows' order is `own_names` or `names`.

    Raises InputError for other shapes, other objects or numbers that no Gaussian has.
    """
    row_names = _row_names(url, names, own_names)
    vectors = read_matrix(url)
    if len(vectors) != len(row_names):
        raise InputError(
            f"shape {vectors.shape}",
            f"{len(row_names)} rows, one for each name",
            url,
            "Give the ids of its rows as --human-embedding-names.",
        )
    return HumanEmbedding(
        names=row_names,
        vectors=vectors,
        scale=None if scale is None else _read_scale(scale, vectors.shape),
    )


def _row_names(url: str, names: Sequence[str] | None, own_names: str | None) -> tuple[str, ...]:
    """The ids of the rows: the same objects as `names`, where both are given."""
    if own_names is None:
        if names is None:
            raise ConfigError(
                f"none given, but {url} holds rows", "the object ids of its rows",
                "--names", "Give a file with one object id a line, or --human-embedding-names.",
            )  # fmt: skip
        return tuple(names)
    own = read_names(own_names)
    if names is None:
        return own
    known = set(names)
    unknown = [row for row, name in enumerate(own, 1) if name not in known]
    if unknown:
        listed = quoted(own[row - 1] for row in unknown)
        raise InputError(
            f"objects that --names lacks on {numbered('row', unknown)}: {listed}",
            "the same objects in any order", own_names, "Add them there, or drop the rows.",
        )  # fmt: skip
    present = set(own)
    missing = [line for line, name in enumerate(names, 1) if name not in present]
    if missing:
        listed = quoted(names[line - 1] for line in missing)
        raise InputError(
            f"no row for {numbered('line', missing)} of --names: {listed}",
            "the same objects in any order", own_names, "Drop them from --names.",
        )  # fmt: skip
    return own


def _read_scale(url: str, shape: tuple[int, ...]) -> Float[np.ndarray, "objects dim"]:
    scale = read_matrix(url)
    if scale.shape != shape:
        raise InputError(
            f"shape {scale.shape}", f"that of the human embedding, {shape}", url,
            "Give mean and scale of the same objects and dimensions.",
        )  # fmt: skip
    wrong = np.flatnonzero(scale.min(axis=1) <= 0)
    if len(wrong):
        raise InputError(
            f"0 or less in {numbered('row', wrong + 1)}", "standard deviations above 0", url,
            "Give sigma, not its logarithm.",
        )  # fmt: skip
    return scale
