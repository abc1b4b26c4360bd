"""What every part of an evaluation works with: the models, and their vectors of any image set.

An image set is embedded once per backbone, by the same Ray stage as in generate; the parts stay
in the cache folder by digest, so that parts, jobs and later calls share them. Vectors are read by
who needs them (`representations.py`).
"""

from dataclasses import dataclass, field, replace
from typing import Any

from alignet_ray.config.backbone import BackboneConfig, ResolvedBackbone
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.references import BEFORE, EvaluatedModel
from alignet_ray.evaluation.representations import (
    Embedded,
    ReadyVectors,
    Representations,
    on_common_images,
)
from alignet_ray.models.inner_blocks import NoSuchBlock
from alignet_ray.records.object_vectors import NoCommonObject, read_object_vectors
from alignet_ray.records.store import Folder
from alignet_ray.records.wording import quoted
from alignet_ray.stages.embed_objects import embed_listing
from alignet_ray.stages.progress import note

CACHE_FOLDER = "cache"
_LEAST_PRESENT = 0.5

LeftOut = dict[str, str]


class Unusable(InputError):
    """What the user named cannot be used as it is: no part should be measured without it."""


class UnusableModel(Unusable):
    """A model that the user named cannot be run."""


class NoModel(InputError):
    """No model has the images of a set: all are ready embeddings of others, each left out."""


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """The settings and models of an evaluation; call its methods inside `ray_session`.

    `left_out` collects what could not be measured (`what`, `reason`), `backbones` what the
    models turned out to be, `shown` by part what is for the page alone (small pictures, maps),
    `resolved` what backbones turned out to be, so that each is described once.
    """

    config: EvaluateConfig
    models: tuple[EvaluatedModel, ...]
    left_out: list[LeftOut] = field(default_factory=list)
    backbones: dict[tuple[str, str], ResolvedBackbone] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    resolved: dict[BackboneConfig, ResolvedBackbone] = field(default_factory=dict)

    def leave_out(self, what: str, reason: str) -> None:
        """Say once that something was not measured, and why."""
        line = {"what": what, "reason": reason}
        if line not in self.left_out:
            self.left_out.append(line)

    def represent(self, images: ImageSet, *, representation: str | None = None) -> Representations:
        """Where every model's vectors of an image set lie; with `representation` of another layer.

        A student's initial weights that can no longer be had (a random start, a file that moved)
        are left out with the reason, as are ready embeddings of less than half of the images.
        Ready embeddings and transforms have no other layers: with `representation` these models
        are not there. Raises UnusableModel for any other model that cannot be had, and NoModel
        where none is left.
        """
        models = [own for own in self.models if _has(own, representation)]
        had: list[tuple[EvaluatedModel, Embedded]] = []
        ran: dict[BackboneConfig, Embedded] = {}
        for model in models:
            try:
                found = self._vectors(model, images, representation, ran)
            except InputError as error:
                if isinstance(error, NoSuchBlock):
                    raise
                if model.variant != BEFORE:
                    raise UnusableModel(*error.args) from error
                # What is wrong may name this machine: the results do not.
                note(f"left out: {error}")
                reason = "its weights cannot be had again"
                self.leave_out(f"{model.label} {model.variant}", reason)
                continue
            if found is not None:
                had.append((model, found))
        if not had:
            why = "; ".join(
                f"{own['what']}: {own['reason']}"
                for own in self.left_out
                if own["what"].endswith(f" on {images.name}")
            )
            raise NoModel(
                f"no model has the images of {images.name} ({why})",
                f"images such as {quoted(images.keys[:1])} in one of them", "--models",
            )  # fmt: skip
        return on_common_images(had, images.name)

    def _vectors(
        self,
        model: EvaluatedModel,
        images: ImageSet,
        representation: str | None,
        ran: dict[BackboneConfig, Embedded],
    ) -> Embedded | None:
        if model.backbone is None:
            return self._ready(model, images)
        asked = model.backbone
        if representation is not None:
            asked = replace(asked, representation=representation)
        if asked not in ran:
            ran[asked] = self._run(images, asked, f"{model.label} {model.variant}")
        embedded = ran[asked]
        assert embedded.backbone is not None, "it was run"
        refuse_other_weights(model, embedded.backbone)
        if representation is None:
            self.backbones[model.label, model.variant] = embedded.backbone
        return embedded

    def _run(self, images: ImageSet, backbone: BackboneConfig, model: str) -> Embedded:
        found = embed_listing(
            images.listing,
            backbone,
            plugins=self.config.plugins,
            cache=self._cache(),
            resources=self.config.resources,
            resolved=self.resolved.get(backbone),
            said=f"{images.name}, {model}",
        )
        self.resolved[backbone] = found.backbone
        return Embedded(
            keys=found.keys,
            source=found.parts,
            rejects=found.rejects,
            backbone=found.backbone,
        )

    def _ready(self, model: EvaluatedModel, images: ImageSet) -> Embedded | None:
        assert model.embeddings is not None, "a model has a backbone or embeddings"
        try:
            found = read_object_vectors(model.embeddings, images.keys)
        except NoCommonObject as error:
            self.leave_out(f"{model.label} on {images.name}", error.value)
            return None
        if len(found.object_ids) < _LEAST_PRESENT * len(images.keys):
            value = f"it has {len(found.object_ids):,} of the {len(images.keys):,} images"
            self.leave_out(f"{model.label} on {images.name}", value)
            return None
        return Embedded(
            keys=found.object_ids,
            source=ReadyVectors(url=model.embeddings, keys=found.object_ids),
            rejects=dict.fromkeys(found.missing, f"no embedding in {model.label}"),
        )

    def _cache(self) -> Folder:
        if self.config.cache:
            return Folder.at(self.config.cache)
        return Folder.at(self.config.output).folder(CACHE_FOLDER)


def _has(model: EvaluatedModel, representation: str | None) -> bool:
    return representation is None or (model.backbone is not None and model.transform is None)


def refuse_other_weights(model: EvaluatedModel, backbone: ResolvedBackbone) -> None:
    """Raise InputError where a model's weights are others than its record names."""
    found, expected = backbone.weights_sha256, model.expected_sha256
    if model.backbone is not None and expected is not None and found != expected:
        raise InputError(
            f"weights with SHA-256 {found[:12]}",
            f"the weights {expected[:12]} that its record names",
            f"{model.label} ({model.variant}): {model.backbone.checkpoint or model.backbone.name}",
            "Put the right file there, or make the student or teacher again.",
        )
