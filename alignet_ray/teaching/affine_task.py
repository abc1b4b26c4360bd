"""One fit of the map on some of the objects: the work of one Ray task, a pure function.

Whatever the fit uses beside the judgements (scalar mean and scale, principal components) comes
from the objects that it is fitted on, so the others are unseen in every respect.
"""

import contextlib
import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from alignet_ray.config.transform_fit import SEARCHED, Candidate, FitConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.affine_map import (
    AffineMap,
    Components,
    lifted,
    principal_components,
    scalar_standardisation,
)
from alignet_ray.functional.transform_fit import FitSettings, fit_steps, steps_per_epoch
from alignet_ray.functional.transform_losses import LocalTerm, SoftTriplets
from alignet_ray.records.digests import Json, digest, sha256
from alignet_ray.records.teacher_bundle import Transform
from alignet_ray.teaching.judgements import Judged, Judgements, likeliest

PIECE_VERSION = 2
"""Of what a finished piece holds: those of another version are computed again."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that fits are made of: raw representations, judgements, folds, other images, settings.

    No response that the teacher is measured with is in it.
    """

    vectors: Float32[np.ndarray, "objects dim"]
    judgements: Judgements
    folds: Int[np.ndarray, "objects"]
    local: Float32[np.ndarray, "images dim"] | None
    fit: FitConfig
    seed: int
    threads: int

    @property
    def num_folds(self) -> int:
        """Folds of objects."""
        return self.fit.num_folds

    def identity(self) -> Json:
        """What every fit depends on, but for its candidate and its objects."""
        unused = (*SEARCHED, "num_local_images")
        fit = {name: value for name, value in asdict(self.fit).items() if name not in unused}
        return {
            "version": PIECE_VERSION,
            "vectors": _sha256(self.vectors),
            "judgements": self.judgements.digest,
            "folds": _sha256(self.folds),
            "local": None if self.local is None else _sha256(self.local),
            "fit": fit,
            "seed": self.seed,
            "threads": self.threads,
        }

    def training(self, objects: Bool[np.ndarray, "objects"], name: str) -> Judged:
        """What a fit on some objects learns from."""
        return self.judgements.among(objects, self.fit.num_triplets, f"train {name}")

    def validation(self, fold: int) -> Judged:
        """What is measured inside a fold. Raises InputError where there is nothing."""
        judged = self.judgements.among(
            self.folds == fold, self.fit.num_validation_triplets, f"validation {fold}"
        )
        if not len(judged.triplets):
            raise InputError(
                f"no triplet has all its objects in fold {fold} of {self.num_folds} "
                f"({int((self.folds == fold).sum())} objects)",
                "some in every fold", "the human judgements",
                "Give more triplets or objects, or fewer --fit.num-folds.",
            )  # fmt: skip
        return judged

    def targets(self, judged: Judged) -> SoftTriplets:
        """As the loss takes them: human probabilities, or the likeliest pair alone."""
        is_hard = self.fit.targets == "hard"
        targets = likeliest(judged.probabilities) if is_hard else judged.probabilities
        return SoftTriplets(
            torch.from_numpy(judged.triplets), torch.from_numpy(targets.astype(np.float32))
        )


def _sha256(array: np.ndarray) -> str:
    return digest([list(array.shape), sha256(np.ascontiguousarray(array).data)])


@dataclass(frozen=True, kw_only=True)
class Space:
    """The coordinates of one fit: scalar standardisation, then principal components if any."""

    mean: float
    scale: float
    components: Components | None

    def standardised(self, vectors: Float[np.ndarray, "rows dim"]) -> Float[np.ndarray, "rows dim"]:
        """Raw representations with the scalar mean and scale taken off, in float64."""
        return (vectors.astype(np.float64) - self.mean) / self.scale

    def features(self, vectors: Float[np.ndarray, "rows dim"]) -> Float[Tensor, "rows fitted"]:
        """Raw representations as the map takes them."""
        values = self.standardised(vectors)
        return _tensor(values if self.components is None else self.components.project(values))

    def transform(self, affine: AffineMap) -> Transform:
        """The one affine map of raw representations."""
        weight, bias = (part.double().numpy() for part in affine)
        if self.components is not None:
            weight, bias = lifted(weight, bias, self.components)
        return Transform(weight=weight, bias=bias, mean=self.mean, scale=self.scale)


def _tensor(values: Float[np.ndarray, "rows dim"]) -> Float[Tensor, "rows dim"]:
    return torch.from_numpy(values.astype(np.float32))


def space_of(vectors: Float[np.ndarray, "objects dim"], num_components: int | None) -> Space:
    """The coordinates that some objects give. Raises InputError where they are all the same."""
    mean, scale = scalar_standardisation(vectors)
    if not scale > 0:
        raise InputError("all numbers are equal", "representations that differ", "the backbone")
    plain = Space(mean=mean, scale=scale, components=None)
    if num_components is None:
        return plain
    count = min(num_components, vectors.shape[1])
    components = principal_components(plain.standardised(vectors), count)
    return Space(mean=mean, scale=scale, components=components)


class Fit(NamedTuple):
    """The coordinates of a fit, its map after each step without end, and steps in an epoch."""

    space: Space
    maps: Iterator[AffineMap]
    steps_per_epoch: int


def fit_on(
    objects: Bool[np.ndarray, "objects"], name: str, candidate: Candidate, material: Material
) -> Fit:
    """A fit on some objects, begun. Raises InputError where it has nothing to learn from."""
    space = space_of(material.vectors[objects], material.fit.num_components)
    train = material.training(objects, name)
    if not len(train.triplets):
        raise InputError(
            "no triplet of the training objects", "some", "the human judgements",
            "Give more triplets or objects.",
        )  # fmt: skip
    maps = fit_steps(
        space.features(material.vectors),
        material.targets(train),
        _settings(candidate, material),
        _local_term(space, candidate, material),
    )
    return Fit(space, maps, steps_per_epoch(len(train.triplets), material.fit.batch_size))


def fit_for(
    objects: Bool[np.ndarray, "objects"],
    name: str,
    candidate: Candidate,
    num_steps: int,
    material: Material,
) -> Transform:
    """The map fitted on some objects for so many steps. Raises InputError where it diverges."""
    with torch_threads(material.threads):
        fit = fit_on(objects, name, candidate, material)
        affine = next(itertools.islice(fit.maps, num_steps - 1, None))
        if not math.isfinite(float(affine.weight.sum() + affine.bias.sum())):
            raise InputError(
                f"the fit on {int(objects.sum())} objects diverged", "finite numbers",
                f"learning rate {candidate.learning_rate:g}", "Lower --fit.learning-rate.",
            )  # fmt: skip
        return fit.space.transform(affine)


def _settings(candidate: Candidate, material: Material) -> FitSettings:
    fit = material.fit
    return FitSettings(
        regularisation=candidate.regularisation,
        learning_rate=candidate.learning_rate,
        batch_size=fit.batch_size,
        local_batch_size=fit.local_batch_size,
        initial_scale=fit.initial_scale,
        gradient_clip=fit.gradient_clip,
        averaging=fit.averaging,
        optimizer=fit.optimizer,
        seed=material.seed,
    )


def _local_term(space: Space, candidate: Candidate, material: Material) -> LocalTerm | None:
    if not candidate.local_weight:
        return None
    assert material.local is not None, "the settings ask for other images"
    assert candidate.local_temperature is not None, "a local loss has a temperature"
    return LocalTerm(
        original=_tensor(space.standardised(material.local)),
        features=space.features(material.local),
        weight=candidate.local_weight,
        temperature=candidate.local_temperature,
    )


@contextlib.contextmanager
def torch_threads(count: int) -> Generator[None]:
    """So many threads of torch for the length of a task: they are part of what repeats."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
