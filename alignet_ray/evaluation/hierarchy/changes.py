"""What needs all of a label's vectors at once: the regression of the changes, and its components.

One task a label, which reads those of its variants, two at most. The regression's pairs are drawn
once, the same for all labels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.hierarchy.distances import Found
from alignet_ray.evaluation.references import COMPARED
from alignet_ray.evaluation.representations import Represented, Source, Vectors
from alignet_ray.evaluation.rows import significant
from alignet_ray.functional.category_pairs import RELATIONS, Categories
from alignet_ray.functional.components import aligned_components
from alignet_ray.functional.hierarchy import sampled_pairs
from alignet_ray.functional.mixed_effects import Effect, MixedEffects, mixed_effects
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.digests import Json
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

GROUPS = "superordinate category of a pair's first image, which is drawn"
_SUPERORDINATE = 2
_SHARE_DIGITS = 6


class LabelChange(NamedTuple):
    """One label: its regression where it has a before and an after, or why there is none; for
    each variant the explained shares, and the first two coordinates of the shown images.
    """

    regression: MixedEffects | str | None
    explained: list[Float[np.ndarray, "components"]]
    projections: list[Float[np.ndarray, "shown 2"]]


class Asked(NamedTuple):
    """What all tasks share: each label's places among the models, and the settings."""

    places: list[list[int]]
    is_pair: list[bool]
    pairs_per_relation: int
    num_components: int
    seed: int
    shown: Int[np.ndarray, "shown"]


def places_by_label(models: Sequence[Represented]) -> dict[str, list[int]]:
    """Places of each label's variants, in order."""
    places: dict[str, list[int]] = {}
    for place, own in enumerate(models):
        places.setdefault(own.model.label, []).append(place)
    return places


def is_before_and_after(models: Sequence[Represented], places: Sequence[int]) -> bool:
    """Whether a label's variants are a base and what became of it."""
    return tuple(models[place].model.variant for place in places) in COMPARED


def label_changes(
    models: Sequence[Represented],
    found: Sequence[Found],
    categories: Categories,
    shown: Int[np.ndarray, "shown"],
    config: EvaluateConfig,
) -> dict[str, LabelChange]:
    """Of each label, in the models' order; `shown` are the images whose projections are kept."""
    by_label = places_by_label(models)
    asked = Asked(
        places=list(by_label.values()),
        is_pair=[is_before_and_after(models, places) for places in by_label.values()],
        pairs_per_relation=config.hierarchy.pairs_per_relation,
        num_components=config.hierarchy.num_components,
        seed=config.seed,
        shown=shown,
    )
    sources = [own.source for own in models]
    changes: dict[int, LabelChange] = {}
    is_shown = config.resources.progress
    with progress("changes", len(by_label), "labels", is_shown=is_shown) as advance:
        numbers = range(len(by_label))
        for number, own in map_tasks(
            change_of_label, numbers, sources, list(found), categories, asked
        ):
            changes[number] = own
            advance(1)
    return {label: changes[number] for number, label in enumerate(by_label)}


def change_of_label(
    number: int,
    sources: Sequence[Source],
    found: Sequence[Found],
    categories: Categories,
    asked: Asked,
) -> LabelChange:
    """The regression and the components of one label, by its number."""
    places = asked.places[number]
    own = [sources[place].read() for place in places]
    components = aligned_components(own, asked.num_components)
    regression = None
    if asked.is_pair[number]:
        regression = _regression(own, [found[place] for place in places], categories, asked)
    return LabelChange(
        regression=regression,
        explained=[each.explained for each in components],
        projections=[_plane(each.projections[asked.shown]) for each in components],
    )


def _plane(projections: Float[np.ndarray, "shown components"]) -> Float[np.ndarray, "shown 2"]:
    """The first two coordinates; a space of one dimension has 0 for the second."""
    return np.pad(projections[:, :2], ((0, 0), (0, max(0, 2 - projections.shape[1]))))


def _regression(
    own: Sequence[Vectors], found: Sequence[Found], categories: Categories, asked: Asked
) -> MixedEffects | str:
    before, after = found
    if isinstance(before, str):
        return before
    if isinstance(after, str):
        return after
    base, aligned = own
    pairs = sampled_pairs(
        base,
        aligned,
        categories,
        (before.moments, after.moments),
        most_per_relation=asked.pairs_per_relation,
        stream=RandomStream(asked.seed, "hierarchy pairs"),
    )
    if np.ptp(pairs.change) == 0:
        return "no distance has changed"
    try:
        return mixed_effects(pairs.change, pairs.relation, categories[pairs.left, _SUPERORDINATE])
    except ValueError as error:
        return str(error)


def regressions(changes: dict[str, LabelChange]) -> list[Json]:
    """Each label's regression as JSON; what is not defined is null, with the reason."""
    return [
        {"label": label, **_described(change.regression)}
        for label, change in changes.items()
        if change.regression is not None
    ]


def explained(changes: dict[str, LabelChange], models: Sequence[Represented]) -> list[Json]:
    """Each model's share of the variance that each of the first components explains."""
    shares = {
        place: own
        for label, places in places_by_label(models).items()
        for place, own in zip(places, changes[label].explained, strict=True)
    }
    return [
        {**model.name, "shares": [round(float(s), _SHARE_DIGITS) for s in shares[place]]}
        for place, model in enumerate(models)
    ]


def _described(found: MixedEffects | str) -> Json:
    if isinstance(found, str):
        return {"undefined": found}
    return {
        "reference": RELATIONS[-1].replace("_", " "),
        "groups": GROUPS,
        "intercept": _effect(found.intercept),
        "effects": {
            relation.replace("_", " "): _effect(own) for relation, own in found.effects.items()
        },
        "group_variance": significant(found.group_variance),
        "residual_variance": significant(found.residual_variance),
        "num_pairs": found.num_pairs,
        "num_groups": found.num_groups,
        "has_converged": found.has_converged,
    }


def _effect(effect: Effect) -> Json:
    return {name: significant(value) for name, value in effect._asdict().items()}
