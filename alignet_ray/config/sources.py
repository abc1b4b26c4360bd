"""How images are listed: what the places that hold them are, and where their labels lie."""

from dataclasses import dataclass
from typing import Literal

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """How `images` is read."""

    format: Literal["auto", "folder", "list", "tars"] = "auto"
    """A folder tree of images, a list (.csv, .tsv, .parquet) of URLs, or tars such as
    WebDataset's; `auto` sees it by the suffix or by what the folder holds."""
    labels: str | None = None
    """File of labels for images that lie flat: name and label a line, as in ImageNet's
    val_annotations.txt, or one label a line in the order of the sorted names."""
    label_separator: str | None = None
    """What stands behind the label in an image's file name, for images that lie flat: `_` for
    ImageNet's n01440764_10026.JPEG."""
    url_column: str = "url"
    """Column of a list that holds URLs, or paths relative to the list."""
    label_column: str = "label"
    """Column of a list that holds labels, if there is one."""

    def __post_init__(self) -> None:
        if self.label_separator == "":
            raise ConfigError("nothing", "a sign such as `_`", "--source.label-separator")
        if self.labels is not None and self.label_separator is not None:
            raise ConfigError(
                "both given", "one of the two", "--source.labels and --source.label-separator"
            )
        if self.labels is not None:
            object.__setattr__(self, "labels", absolute_url(self.labels))
