"""The temperatures behind models' entropies: the settings' for all, and a student's own."""

from collections.abc import Sequence

from alignet_ray.evaluation.references import EvaluatedModel


def temperatures_of(model: EvaluatedModel, asked: Sequence[float]) -> tuple[float, ...]:
    """Those asked for, then the one that a student was trained with, each once."""
    own = () if model.temperature is None else (model.temperature,)
    return tuple(dict.fromkeys((*asked, *own)))
