"""From what the user names to the models that are compared.

A student folder gives `before` and `after`, a teacher bundle `untransformed` and `transformed`,
a file of embeddings or any other name one model.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields

from alignet_ray.config.backbone import OPEN_CLIP_PREFIX, BackboneConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.digests import digest, sha256
from alignet_ray.records.given_files import missing_is_a_mistake
from alignet_ray.records.store import Folder, read_url
from alignet_ray.records.student import is_student, read_student
from alignet_ray.records.teacher_bundle import Transform, is_bundle, read_bundle

BEFORE, AFTER = "before", "after"
UNTRANSFORMED, TRANSFORMED = "untransformed", "transformed"
AS_IS = "as it is"
COMPARED = ((BEFORE, AFTER), (UNTRANSFORMED, TRANSFORMED))
"""Variants of one label whose difference is reported, first the base."""

EMBEDDINGS_SUFFIXES = (".npz", ".parquet")
_HUB_PREFIXES = (OPEN_CLIP_PREFIX, "hf-hub:", "hf_hub:")


@dataclass(frozen=True, kw_only=True)
class EvaluatedModel:
    """One model of the results. `digest` is that of the student, bundle or file it comes from.

    Either a backbone is run, or `embeddings` is a file of ready ones. `temperature` is a
    student's own, of its training.
    """

    label: str
    variant: str
    backbone: BackboneConfig | None = None
    embeddings: str | None = None
    temperature: float | None = None
    expected_sha256: str | None = None
    transform: Transform | None = None
    digest: str | None = None


def resolve_models(config: EvaluateConfig) -> list[EvaluatedModel]:
    """Every model that the settings name. Raises InputError or ConfigError naming a wrong one."""
    labels = [split_label(reference)[0] for reference in config.models]
    for label, count in Counter(labels).items():
        if count > 1:
            raise _two_labelled(label)
    models = [model for reference in config.models for model in _resolve(reference)]
    if config.backbone.name:
        given = {f.name: getattr(config.backbone, f.name) for f in fields(BackboneConfig)}
        label = config.backbone.name
        models.append(EvaluatedModel(label=label, variant=AS_IS, backbone=BackboneConfig(**given)))
        if label in labels:
            raise _two_labelled(label)
    return models


def _two_labelled(label: str) -> ConfigError:
    return ConfigError(
        f"two models labelled {label!r}", "a label of its own for each", "--models",
        "Write label=reference.",
    )  # fmt: skip


def split_label(reference: str) -> tuple[str, str]:
    """Label and reference; without `label=` the last part of the reference labels it."""
    label, equals, rest = reference.partition("=")
    if equals and label and "/" not in label:
        return label, rest
    if reference.startswith(_HUB_PREFIXES):
        return reference, reference
    return reference.rstrip("/").rpartition("/")[2], reference


def _resolve(text: str) -> Iterator[EvaluatedModel]:
    label, reference = split_label(text)
    folder = Folder.at(reference)
    if reference.startswith(_HUB_PREFIXES):
        yield _by_name(label, reference)
    elif reference.lower().endswith(EMBEDDINGS_SUFFIXES):
        yield _by_embeddings(label, reference)
    elif is_student(folder):
        yield from _student(label, folder)
    elif is_bundle(folder):
        yield from _teacher(label, folder)
    elif "/" in reference or reference.startswith("."):
        raise InputError(
            "neither a student nor a teacher bundle",
            "a folder written by train or fit_teacher, a .npz or .parquet of embeddings, or a "
            "model's name",
            reference,
            "Check --models.",
        )
    else:
        yield _by_name(label, reference)


def _by_name(label: str, name: str) -> EvaluatedModel:
    return EvaluatedModel(label=label, variant=AS_IS, backbone=BackboneConfig(name=name))


def _by_embeddings(label: str, url: str) -> EvaluatedModel:
    with missing_is_a_mistake("a file of embeddings", "Check --models."):
        checksum = sha256(read_url(url))
    return EvaluatedModel(label=label, variant=AS_IS, embeddings=absolute_url(url), digest=checksum)


def _student(label: str, folder: Folder) -> Iterator[EvaluatedModel]:
    student = read_student(folder)
    both = digest([student.initial.identity(), student.aligned.identity()])
    for variant, backbone in ((BEFORE, student.initial), (AFTER, student.aligned)):
        yield EvaluatedModel(
            label=label,
            variant=variant,
            backbone=backbone.as_config(),
            expected_sha256=backbone.weights_sha256,
            temperature=student.training.get("figures", {}).get("student_temperature"),
            digest=both,
        )


def _teacher(label: str, folder: Folder) -> Iterator[EvaluatedModel]:
    bundle = read_bundle(folder)
    for variant, transform in ((UNTRANSFORMED, None), (TRANSFORMED, bundle.transform)):
        yield EvaluatedModel(
            label=label,
            variant=variant,
            backbone=bundle.backbone.as_config(),
            expected_sha256=bundle.backbone.weights_sha256,
            transform=transform,
            digest=bundle.digest,
        )
