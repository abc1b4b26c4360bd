"""Which models are compared with which, and how a row of results says so."""

from collections.abc import Sequence
from itertools import pairwise

from alignet_ray.evaluation.references import COMPARED, EvaluatedModel
from alignet_ray.evaluation.representations import Represented


def compared_pairs(models: Sequence[EvaluatedModel]) -> list[tuple[int, int]]:
    """Positions of models whose paired difference is told, the base first.

    The two variants of one label; and the last variants of every two labels.
    """
    by_label: dict[str, list[int]] = {}
    for place, model in enumerate(models):
        by_label.setdefault(model.label, []).append(place)
    own = [
        (left, right)
        for places in by_label.values()
        for left, right in pairwise(places)
        if (models[left].variant, models[right].variant) in COMPARED
    ]
    last = [places[-1] for places in by_label.values()]
    across = [(a, b) for i, a in enumerate(last) for b in last[i + 1 :]]
    return own + across


def between(before: Represented, after: Represented) -> dict[str, str]:
    """What a difference is between, as rows of results hold it."""
    return between_models(before.model, after.model)


def between_models(before: EvaluatedModel, after: EvaluatedModel) -> dict[str, str]:
    """The same of models without their vectors."""
    if before.label == after.label:
        return {"label": after.label, "from_": before.variant, "to": after.variant}
    return {
        "label": after.label,
        "base": before.label,
        "from_": f"{before.label} {before.variant}",
        "to": after.variant,
    }
