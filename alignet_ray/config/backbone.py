"""Backbones and their preprocessing: as asked for (`...Config`), and as resolved and recorded."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

import yaml

from alignet_ray.config.backbone_checks import wrong_fields
from alignet_ray.config.checks import above, at_least
from alignet_ray.config.layers import AUTO, Representation, refuse_unknown_layer
from alignet_ray.config.plain_yaml import load_yaml
from alignet_ray.config.presets import DEFAULT_TEACHER_NAME, PRESETS, UNNAMED, Preset
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError, RecordError

Resize = Literal["crop", "squash"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

OPEN_CLIP_PREFIX = "open_clip:"


@dataclass(frozen=True, kw_only=True)
class PreprocessingConfig:
    """How pixels reach the backbone; what is not given is the backbone's own."""

    preset: Literal["backbone", "alignet"] = "backbone"
    """`alignet`: whole image squashed bicubic to 224, pixels in [0, 1], no mean and std."""
    resolution: int | None = None
    """Height and width in pixels."""
    resize: Resize | None = None
    """`crop`: shorter side, then the centre; `squash`: the whole image, aspect given up."""
    crop_fraction: float | None = None
    """Part of the resized image that the centre crop keeps."""
    interpolation: Interpolation | None = None
    """Filter of the resize."""
    mean: tuple[float, float, float] | None = None
    """Mean of each channel, for pixels in [0, 1]."""
    std: tuple[float, float, float] | None = None
    """Standard deviation of each channel, for pixels in [0, 1]."""

    def __post_init__(self) -> None:
        at_least("preprocessing.resolution", self.resolution, 8)
        above("preprocessing.crop_fraction", self.crop_fraction, 0)
        for deviation in self.std or ():
            above("preprocessing.std", deviation, 0)


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """A vision model, named as timm names it, or `open_clip:NAME/TAG` as open_clip does."""

    preset: Preset | None = None
    """One of the paper's models, with its layer and resolution; the flags beside it win."""
    name: str = DEFAULT_TEACHER_NAME
    """Model name."""
    checkpoint: str | None = None
    """Weights: a .safetensors file or a PyTorch state dict, path or URL; default the hub's."""
    random_init: bool = False
    """No pretrained weights: the architecture's own initialisation, the same every time."""
    model_args: tuple[str, ...] = ()
    """Arguments of the architecture, as `key=value`, such as `pad_type=same`."""
    representation: str = AUTO
    """`pre_logits`: before the classifier; `output`: the encoder's output with its projection;
    `block:3`: inner block or stage 3, counted from 0, averaged over places; `auto`: the first two
    as suits the model."""
    preprocessing: PreprocessingConfig = field(default_factory=PreprocessingConfig)
    """Preprocessing of images."""

    def __post_init__(self) -> None:
        if self.checkpoint is not None:
            object.__setattr__(self, "checkpoint", absolute_url(self.checkpoint))
        refuse_unknown_layer(self.representation, "--backbone.representation")
        if self.preset is not None:
            self._fill(self.preset)
        for argument in self.model_args:
            if "=" not in argument:
                raise ConfigError(repr(argument), "key=value", "--backbone.model-args")
        if self.random_init and self.checkpoint:
            raise ConfigError(
                f"checkpoint {self.checkpoint} with random_init", "one of the two", "--backbone"
            )

    def _fill(self, preset: Preset) -> None:
        """Put the preset's values where none were given; doing it twice changes nothing."""
        model = PRESETS[preset]
        pixels = self.preprocessing
        if pixels.resolution is None and pixels.preset == "backbone":
            pixels = replace(pixels, resolution=model.resolution)
        filled: dict[str, Any] = {
            "name": model.name if self.name in UNNAMED else self.name,
            "representation": (
                model.representation if self.representation == AUTO else self.representation
            ),
            "model_args": _joined(model.model_args, self.model_args),
            "random_init": self.random_init or (model.random_init and self.checkpoint is None),
            "preprocessing": pixels,
        }
        for name, value in filled.items():
            object.__setattr__(self, name, value)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the architecture by name, their values read as YAML."""
        pairs = (argument.split("=", 1) for argument in self.model_args)
        return {key: _argument(key, value) for key, value in pairs}


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Resolved preprocessing; mean and std are of pixels in [0, 1]."""

    resolution: int
    resize: Resize
    crop_fraction: float
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class ResolvedBackbone:
    """A backbone as records name it: architecture, representation, pixels, and which weights.

    `checkpoint` is only a hint where the weights lie; `weights_sha256` is what counts.
    """

    name: str
    model_args: tuple[str, ...]
    representation: Representation
    preprocessing: Preprocessing
    dim: int
    weights_sha256: str
    random_init: bool = False
    checkpoint: str | None = None

    def identity(self) -> dict[str, Any]:
        """What a digest covers: everything but where the weights lie."""
        record = self.to_json()
        del record["checkpoint"]
        return record

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return _plain(asdict(self))

    @staticmethod
    def from_json(record: dict[str, Any], place: str) -> "ResolvedBackbone":
        """Back from JSON. Raises RecordError naming the place."""
        try:
            pixels = dict(record["preprocessing"])
            pixels.update(mean=tuple(pixels["mean"]), std=tuple(pixels["std"]))
            known = {f.name: record[f.name] for f in fields(ResolvedBackbone)}
            known.update(
                preprocessing=Preprocessing(**pixels), model_args=tuple(known["model_args"])
            )
            backbone = ResolvedBackbone(**known)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"backbone record lacks {error}", "a backbone", place) from error
        wrong = wrong_fields(backbone)
        if wrong:
            raise RecordError(", ".join(wrong), "fields of a backbone", place)
        return backbone

    def as_config(self, checkpoint: str | None = None) -> BackboneConfig:
        """The request that gives this backbone again, with weights from another place if given."""
        pixels = PreprocessingConfig(**asdict(self.preprocessing))
        return BackboneConfig(
            name=self.name,
            checkpoint=checkpoint or self.checkpoint,
            random_init=self.random_init and not (checkpoint or self.checkpoint),
            model_args=self.model_args,
            representation=self.representation,
            preprocessing=pixels,
        )


def _argument(key: str, value: str) -> Any:
    try:
        return load_yaml(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"{key}={value}", "a value in YAML", "model_args") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _joined(of_preset: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Arguments of both; of one name, that which was given."""
    names = {argument.partition("=")[0] for argument in given}
    return (*(own for own in of_preset if own.partition("=")[0] not in names), *given)
