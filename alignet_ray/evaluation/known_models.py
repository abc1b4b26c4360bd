"""Models that cannot be had are told before anything is embedded, and most before Ray starts.

Names are looked up and files are looked for at once; weights are loaded on a worker, all models'
before the first image is embedded.
"""

from collections.abc import Iterable, Sequence

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError, reworded
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.references import AS_IS, BEFORE, EvaluatedModel
from alignet_ray.evaluation.workbench import UnusableModel, Workbench, refuse_other_weights
from alignet_ray.models.backbones import refuse_unknown_backbone
from alignet_ray.models.plugins import import_plugins
from alignet_ray.records.given_files import refuse_missing_file
from alignet_ray.records.object_vectors import NoCommonObject, read_object_vectors
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.progress import note


def refuse_unknown_models(models: Sequence[EvaluatedModel], config: EvaluateConfig) -> None:
    """Raise InputError for a name that no library knows, and for weights that are not there.

    A student's start is not looked at: what cannot be had again of it is left out.
    """
    import_plugins(config.plugins)
    for model in models:
        if model.backbone is None or model.variant == BEFORE:
            continue
        flag = "--backbone.name" if model.label == config.backbone.name else "--models"
        place = flag if model.variant == AS_IS else f"{model.label} ({model.variant})"
        with reworded({"backbone": place}, is_whole=True):
            refuse_unknown_backbone(model.backbone)
        if model.backbone.checkpoint is not None:
            refuse_missing_file(
                model.backbone.checkpoint, "a file of weights",
                f"{model.label} ({model.variant}) needs it: check {flag}.",
            )  # fmt: skip


def refuse_broken_embeddings(models: Sequence[EvaluatedModel], sets: Iterable[ImageSet]) -> None:
    """Raise InputError for ready embeddings that are no matrix of named rows, or whose vector of
    one of the images is not finite.
    """
    keys = tuple(dict.fromkeys(key for images in sets for key in images.keys))
    for model in models:
        if model.embeddings is not None:
            try:
                read_object_vectors(model.embeddings, keys)
            except NoCommonObject:
                continue  # of other images, which are measured later: it is said there


def describe_models(bench: Workbench) -> None:
    """Load every backbone once, on a worker: what it turns out to be stays in the bench.

    Raises UnusableModel for weights that cannot be had, do not fit, or are others than recorded.
    """
    for model in bench.models:
        if model.backbone is None or model.backbone in bench.resolved:
            continue
        name = f"{model.label} {model.variant}"
        note(f"loading {name}", is_shown=bench.config.resources.progress)
        try:
            found = describe_backbone(model.backbone, bench.config.plugins)
            refuse_other_weights(model, found)
        except InputError as error:
            if model.variant == BEFORE:
                continue  # it is left out with the reason
            raise UnusableModel(*error.args) from error
        bench.resolved[model.backbone] = found
