"""Settings of the hierarchy that cannot be meant are refused before any work."""

import pytest

from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import ConfigError


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layers": ("block:1", "output")}, "layers: 'output'; expected an inner block"),
        ({"layers": ("block:1", "block:1")}, "a layer twice"),
        ({"pairs_per_relation": 9}, "--hierarchy.pairs-per-relation"),
        ({"num_components": 1}, "--hierarchy.num-components"),
        (
            {"images": ("a", "b"), "source": SourceConfig(labels="labels.txt")},
            "for 2 sources; expected labels of one source",
        ),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant(settings, said):
    with pytest.raises(ConfigError, match=said):
        HierarchyConfig(**settings)


def test_layers_may_be_any_blocks():
    assert HierarchyConfig(layers=("block:0", "block:11")).layers == ("block:0", "block:11")
