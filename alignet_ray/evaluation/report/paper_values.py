"""What the paper says of a model: its figures before or after alignment, as the variant is."""

from collections.abc import Iterator
from typing import NamedTuple

from alignet_ray.evaluation.paper_figures import PaperFigure, paper_figures
from alignet_ray.evaluation.references import AS_IS, BEFORE, UNTRANSFORMED
from alignet_ray.records.digests import Json

_BASES = (BEFORE, UNTRANSFORMED, AS_IS)


class PaperValue(NamedTuple):
    """A figure of the paper, and its value for this variant."""

    figure: PaperFigure
    value: float
    is_aligned: bool


def paper_values(model: Json) -> Iterator[PaperValue]:
    """What the paper's text says of a model of the results; nothing of random weights."""
    backbone = model["backbone"]
    if backbone is None or backbone.get("random_init"):
        return
    is_aligned = model["variant"] not in _BASES
    for figure in paper_figures(backbone["name"]):
        value = figure.aligned if is_aligned else figure.base
        if value is not None:
            yield PaperValue(figure, value, is_aligned)
