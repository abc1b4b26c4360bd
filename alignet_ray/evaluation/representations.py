"""Representations of all models on the same images, each backbone run once.

Vectors stay on disk, in the cache or in the user's file of ready embeddings, and are read where
they are needed: in the task of one model, or of two that are compared, and let go with it. The
process that runs the job holds keys, row numbers and reasons, whatever the number of models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import InputError
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.records.object_vectors import read_object_vectors
from alignet_ray.records.teacher_bundle import Transform

Vectors = Float[np.ndarray, "images _"]
"""Of one model; models have dimensions of their own."""


@runtime_checkable
class Source(Protocol):
    """Where vectors lie; small, so that it can be given to tasks."""

    def read(self) -> Vectors:
        """The vectors, which are not to be changed."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Vectors that are at hand."""

    vectors: Vectors

    def read(self) -> Vectors:
        """The vectors themselves."""
        return self.vectors


@dataclass(frozen=True, kw_only=True)
class ReadyVectors:
    """Those of a user's file that have one of the keys, in the keys' order."""

    url: str
    keys: tuple[str, ...]

    def read(self) -> Vectors:
        """The file's vectors. Raises InputError where it is another file by now."""
        found = read_object_vectors(self.url, self.keys)
        if tuple(found.object_ids) != self.keys:
            raise InputError(
                "other rows than when the job began", "embeddings that stay as they are", self.url,
                "Run the job again.",
            )  # fmt: skip
        return found.vectors


@dataclass(frozen=True, kw_only=True)
class ChosenRows:
    """Some rows of another source, transformed where there is a transform."""

    source: Source
    rows: Int[np.ndarray, "images"]
    transform: Transform | None = None

    def read(self) -> Vectors:
        """The rows; the source's others are held meanwhile."""
        vectors = self.source.read()
        if not np.array_equal(self.rows, np.arange(len(vectors))):
            vectors = vectors[self.rows]
        return vectors if self.transform is None else self.transform.apply(vectors)


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A model's images: the key of each row of the source; rejects by key, with the reason."""

    keys: tuple[str, ...]
    source: Source
    rejects: Mapping[str, str]
    backbone: ResolvedBackbone | None = None


@dataclass(frozen=True, kw_only=True)
class Represented:
    """A model, what its backbone turned out to be, and where its vectors of the images lie.

    `backbone` is None where embeddings were given ready.
    """

    model: EvaluatedModel
    backbone: ResolvedBackbone | None
    source: Source

    def read(self) -> Vectors:
        """Its vectors of the common images."""
        return self.source.read()

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
            models=tuple(
                replace(own, source=ChosenRows(source=own.source, rows=chosen))
                for own in self.models
            ),
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
        rows = np.array([row_of[key] for key in common], dtype=np.int64)
        source = ChosenRows(source=own.source, rows=rows, transform=model.transform)
        represented.append(Represented(model=model, backbone=own.backbone, source=source))
    return Representations(keys=common, models=tuple(represented), rejects=rejects)
