"""The paper's models by short names: which weights, which layer, how many pixels.

A preset fills what the user leaves open; mean, standard deviation and filter are the model's own.
"""

from dataclasses import dataclass
from typing import Literal

Preset = Literal[
    "vit_s16",
    "vit_b16",
    "vit_l16",
    "siglip_b16",
    "siglip2_b16",
    "dino_b16",
    "dinov2_b14",
    "clip_b16",
    "coca_b32",
    "random_vit_b16",
    "siglip_so400m",
]


@dataclass(frozen=True, kw_only=True)
class PresetModel:
    """What a preset stands for; `dim` is what its representation comes out with."""

    name: str
    representation: Literal["pre_logits", "output"]
    dim: int
    resolution: int = 224
    model_args: tuple[str, ...] = ()
    random_init: bool = False


PRESETS: dict[str, PresetModel] = {
    # Supervised: CLS token before the classifier.
    "vit_s16": PresetModel(
        name="vit_small_patch16_224.augreg_in21k_ft_in1k", representation="pre_logits", dim=384
    ),
    "vit_b16": PresetModel(
        name="vit_base_patch16_224.augreg_in21k_ft_in1k", representation="pre_logits", dim=768
    ),
    "vit_l16": PresetModel(
        name="vit_large_patch16_224.augreg_in21k_ft_in1k", representation="pre_logits", dim=1024
    ),
    # SigLIP has no projection: what its attention pools is the image encoder's output.
    "siglip_b16": PresetModel(
        name="vit_base_patch16_siglip_224.webli", representation="pre_logits", dim=768
    ),
    "siglip2_b16": PresetModel(
        name="vit_base_patch16_siglip_224.v2_webli", representation="pre_logits", dim=768
    ),
    "dino_b16": PresetModel(name="vit_base_patch16_224.dino", representation="pre_logits", dim=768),
    # Trained at 518 px. At 224 its 37 x 37 positions are interpolated in every pass, so that its
    # own file of weights fits as it is.
    "dinov2_b14": PresetModel(
        name="vit_base_patch14_dinov2.lvd142m",
        representation="pre_logits",
        dim=768,
        model_args=("dynamic_img_size=true",),
    ),
    # OpenAI's weights are natively QuickGELU; the projection is the image encoder's output.
    "clip_b16": PresetModel(
        name="vit_base_patch16_clip_quickgelu_224.openai", representation="output", dim=512
    ),
    # CapPa is in neither timm nor open_clip: CoCa, which captions too, is the nearest.
    "coca_b32": PresetModel(
        name="open_clip:coca_ViT-B-32/laion2b_s13b_b90k", representation="output", dim=512
    ),
    "random_vit_b16": PresetModel(
        name="vit_base_patch16_224.augreg_in21k_ft_in1k",
        representation="pre_logits",
        dim=768,
        random_init=True,
    ),
    # The paper's teacher.
    "siglip_so400m": PresetModel(
        name="vit_so400m_patch14_siglip_384.webli",
        representation="pre_logits",
        dim=1152,
        resolution=384,
    ),
}

DEFAULT_STUDENT_NAME = PRESETS["vit_s16"].name
DEFAULT_TEACHER_NAME = "vit_so400m_patch14_siglip_384"
UNNAMED = ("", DEFAULT_TEACHER_NAME, DEFAULT_STUDENT_NAME)
"""Names that a backbone has where the user gave none: a preset puts its own in their place."""
