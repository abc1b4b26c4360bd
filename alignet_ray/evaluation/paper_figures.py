"""The paper's own figures, to stand beside ours where a model is one of the paper's.

Muttenthaler, Greff, Born et al., Nature 647, 349-355 (2025), main text: what it names per model
before and after alignment; None where it gives a range alone. Accuracies are shares.
"""

from dataclasses import dataclass

THINGS = "THINGS"
LEVELS = "Levels"
COARSE, FINE, CLASS_BOUNDARY = "coarse", "fine", "class_boundary"


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """An odd-one-out accuracy of one model; `level` is one of Levels'."""

    model: str
    data: str
    level: str | None = None
    base: float | None = None
    aligned: float | None = None


FIGURES = (
    PaperFigure(model="SigLIP-So400m", data=THINGS, base=0.4424, aligned=0.617),
    PaperFigure(model="ViT-B", data=LEVELS, level=COARSE, base=0.3609, aligned=0.6570),
    PaperFigure(model="DINOv2", data=LEVELS, level=COARSE, base=0.5738, aligned=0.6856),
    PaperFigure(model="ViT-B", data=LEVELS, level=FINE, base=0.4604),
    PaperFigure(model="ViT-S", data=LEVELS, level=FINE, aligned=0.5893),
    PaperFigure(model="DINOv1", data=LEVELS, level=FINE, base=0.6292, aligned=0.6292),
    PaperFigure(model="DINOv2", data=LEVELS, level=FINE, base=0.5772),
    PaperFigure(model="CapPa", data=LEVELS, level=CLASS_BOUNDARY, base=0.7037),
    PaperFigure(model="SigLIP", data=LEVELS, level=CLASS_BOUNDARY, base=0.8196),
    PaperFigure(model="ViT-L", data=LEVELS, level=CLASS_BOUNDARY, base=0.9367, aligned=0.9324),
)

HUMAN_CEILINGS = {
    (THINGS, None): 0.6667,
    (LEVELS, COARSE): 0.6192,
    (LEVELS, FINE): 0.6592,
    (LEVELS, CLASS_BOUNDARY): 0.8921,
}
"""How far people agree, by data and level."""

RESPONSE_TIME_RANGES = {
    COARSE: ((-0.014, 0.184), (0.479, 0.506)),
    FINE: ((0.047, 0.160), None),
    CLASS_BOUNDARY: ((0.208, 0.432), None),
}
"""Rank correlation of models' entropy with people's response times over all of the paper's
models: least and most before, and after where the text says so."""

ONE_SHOT_SIGNS = (32, 40)
"""One-shot cases, four models on ten data sets, that are better after alignment, and all of them
(p < 0.05)."""

_MODELS = (
    ("vit_so400m_patch14_siglip", "SigLIP-So400m"),
    ("vit_base_patch14_dinov2", "DINOv2"),
    ("vit_base_patch16_224.dino", "DINOv1"),
    ("vit_base_patch16_siglip_224.v2", "SigLIP2"),
    ("vit_base_patch16_siglip_224", "SigLIP"),
    ("vit_base_patch16_clip", "CLIP"),
    ("vit_small_patch16_224.augreg", "ViT-S"),
    ("vit_base_patch16_224.augreg", "ViT-B"),
    ("vit_large_patch16_224.augreg", "ViT-L"),
)
"""How a backbone's name begins, and what the paper calls it."""


def paper_model(backbone: str) -> str | None:
    """What the paper calls a backbone of timm's; None where it is none of the paper's."""
    return next((model for start, model in _MODELS if backbone.startswith(start)), None)


def paper_figures(backbone: str) -> tuple[PaperFigure, ...]:
    """All that the paper's text says of a backbone."""
    model = paper_model(backbone)
    return tuple(own for own in FIGURES if own.model == model)
