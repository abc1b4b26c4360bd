"""Representations of all models on the same images, each backbone run once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import InputError
from alignet_ray.evaluation.references import EvaluatedModel


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A model's vectors of the images that it has; rejects by key, with the reason."""

    keys: tuple[str, ...]
    vectors: Float[np.ndarray, "images dim"]
    rejects: Mapping[str, str]
    backbone: ResolvedBackbone | None = None


@dataclass(frozen=True, kw_only=True)
class Represented:
    """A model, what its backbone turned out to be, and its vectors of the common images.

    `backbone` is None where embeddings were given ready.
    """

    model: EvaluatedModel
    backbone: ResolvedBackbone | None
    vectors: Float[np.ndarray, "images dim"]

    @property
    def name(self) -> dict[str, str]:
        """Label and variant, as rows of results hold them."""
        return {"label": self.model.label, "variant": self.model.variant}


@dataclass(frozen=True, kw_only=True)
class Representations:
    """Models on the images that all of them have, in the image set's order; rejects by key."""

    keys: tuple[str, ...]
    models: tuple[Represented, ...]
    rejects: Mapping[str, str]

    def rows_of(self, keys: Sequence[str]) -> list[int]:
        """Row of each key, -1 where no row is of it."""
        row_of = {key: row for row, key in enumerate(self.keys)}
        return [row_of.get(key, -1) for key in keys]

    def subset(self, rows: Sequence[int]) -> "Representations":
        """The same models on some of the images."""
        chosen = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            keys=tuple(self.keys[row] for row in rows),
            models=tuple(replace(own, vectors=own.vectors[chosen]) for own in self.models),
        )


def on_common_images(had: Sequence[tuple[EvaluatedModel, Embedded]], place: str) -> Representations:
    """What was embedded for each model, cut to the images that none of them rejected.

    Raises InputError where no image is left.
    """
    rejects = {key: reason for _, own in had for key, reason in own.rejects.items()}
    first = had[0][1]
    common = tuple(key for key in first.keys if key not in rejects)
    if not common:
        raise InputError(
            f"no image that all models have ({next(iter(rejects.values()), 'none given')})",
            "some images", place, "Evaluate the models one by one.",
        )  # fmt: skip
    represented: list[Represented] = []
    for model, own in had:
        row_of = {key: row for row, key in enumerate(own.keys)}
        vectors = own.vectors[[row_of[key] for key in common]]
        if model.transform is not None:
            vectors = model.transform.apply(vectors)
        represented.append(Represented(model=model, backbone=own.backbone, vectors=vectors))
    return Representations(keys=common, models=tuple(represented), rejects=rejects)
