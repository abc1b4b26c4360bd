"""The user's own modules register models."""

import pytest

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.plugins import import_plugins


def test_a_plugin_file_registers_a_model(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from timm.models import register_model\n"
        "from timm.models.vision_transformer import VisionTransformer\n"
        "@register_model\n"
        "def my_own_vit(pretrained=False, **kwargs):\n"
        "    return VisionTransformer(img_size=32, patch_size=16, embed_dim=24, depth=1,\n"
        "                             num_heads=2, num_classes=5)\n"
    )
    import_plugins([str(path), str(path)])
    config = BackboneConfig(
        name="my_own_vit", random_init=True, preprocessing=PreprocessingConfig(resolution=32)
    )
    assert load_backbone(config).resolved.dim == 24


@pytest.mark.parametrize("plugin", ["no.such.module", "/no/such/file.py"])
def test_a_plugin_that_is_not_there_is_named(plugin):
    with pytest.raises(InputError, match=f"--plugins {plugin}: "):
        import_plugins([plugin])
