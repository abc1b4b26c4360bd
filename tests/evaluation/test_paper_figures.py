"""The paper's models are recognised by the names of their presets."""

from alignet_ray.config.presets import PRESETS
from alignet_ray.evaluation.paper_figures import FIGURES, paper_figures, paper_model


def test_presets_are_recognised_and_others_are_not():
    found = {preset: paper_model(own.name) for preset, own in PRESETS.items()}
    assert found == {
        "vit_s16": "ViT-S",
        "vit_b16": "ViT-B",
        "vit_l16": "ViT-L",
        "siglip_b16": "SigLIP",
        "siglip2_b16": "SigLIP2",
        "dino_b16": "DINOv1",
        "dinov2_b14": "DINOv2",
        "clip_b16": "CLIP",
        "coca_b32": None,
        "random_vit_b16": "ViT-B",
        "siglip_so400m": "SigLIP-So400m",
    }
    assert paper_model("resnet50") is None
    assert paper_figures("resnet50") == ()


def test_the_teacher_and_ranges():
    (teacher,) = paper_figures(PRESETS["siglip_so400m"].name)
    assert (teacher.data, teacher.base, teacher.aligned) == ("THINGS", 0.4424, 0.617)
    values = [value for own in FIGURES for value in (own.base, own.aligned) if value is not None]
    assert all(1 / 3 < value < 1 for value in values)
    assert len({(own.model, own.data, own.level) for own in FIGURES}) == len(FIGURES)
