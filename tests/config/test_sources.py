"""Labels come from one place."""

import pytest

from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import ConfigError


def test_labels_of_a_file_and_of_names_exclude_each_other():
    with pytest.raises(ConfigError, match="one of the two"):
        SourceConfig(labels="labels.txt", label_separator="_")
    with pytest.raises(ConfigError, match="a sign such as `_`"):
        SourceConfig(label_separator="")
