"""All that people said, read from the files that the settings name."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.records.human import (
    HumanProbabilities,
    HumanResponses,
    read_human_embedding,
    read_names,
    read_probabilities,
    read_responses,
)


@dataclass(frozen=True, kw_only=True)
class HumanEmbedding:
    """One vector per name, the mean of a Gaussian where a scale (standard deviation) is given.

    Softmax of dot products gives the probabilities.
    """

    names: tuple[str, ...]
    vectors: Float[np.ndarray, "objects dim"]
    scale: Float[np.ndarray, "objects dim"] | None = None


@dataclass(frozen=True, kw_only=True)
class HumanData:
    """All that people said, as read; `responses` only where they are given."""

    names: tuple[str, ...]
    source: HumanProbabilities | HumanEmbedding
    responses: HumanResponses | None


def read_human_data(config: FitTeacherConfig) -> HumanData:
    """Read the files that the settings name."""
    names = read_names(config.names)
    if config.probabilities is not None:
        source = read_probabilities(config.probabilities, names)
    else:
        assert config.human_embedding is not None, "the settings ask for one of the two"
        vectors = read_human_embedding(config.human_embedding, names)
        source = HumanEmbedding(names=names, vectors=vectors)
    responses = read_responses(config.responses, names) if config.responses else None
    return HumanData(names=names, source=source, responses=responses)
