"""Generate: list, embed, cluster, label. Each record is made once; a second run makes nothing."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.generate import AUTO, UNTRANSFORMED, GenerateConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.groups import least_cluster_size
from alignet_ray.generation.classes import with_drawable
from alignet_ray.generation.cluster_sizes import cluster_sizes, size_warnings
from alignet_ray.generation.clustering import ClusterRequest, cluster_images
from alignet_ray.generation.durations import Durations
from alignet_ray.generation.inputs import Inputs, read_inputs, refuse_missing_inputs
from alignet_ray.generation.label_advice import label_warning
from alignet_ray.generation.label_entropy import SPLIT as VALIDATION
from alignet_ray.generation.label_entropy import target_entropy, temperature_for
from alignet_ray.generation.labelling import LabelRequest
from alignet_ray.generation.part_survey import forget_parts, survey_parts
from alignet_ray.generation.plan import RunPlan, place_of, plan_run
from alignet_ray.generation.report.job import REPORT_NAME, write_report
from alignet_ray.generation.splits import (
    SplitShards,
    SplitSummary,
    finish_split,
    forget_manifests,
    make_shards,
    manifest_of,
)
from alignet_ray.plurals import percent
from alignet_ray.records import clusters as cluster_record
from alignet_ray.records import parts as part_record
from alignet_ray.records.call_log import write_log
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import ListingIndex, read_index, write_listing
from alignet_ray.records.lock import locked
from alignet_ray.records.manifest import is_written, read_manifest
from alignet_ray.records.occupied import refuse_occupied
from alignet_ray.records.run import RunSettings, freeze_settings, read_settings
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import EmbedRequest, StoredFormat, embed_missing_parts, verify_weights
from alignet_ray.stages.session import choose_device, ray_session

_REASONS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class GenerateSummary:
    """What a run holds and what this call added to it.

    `num_classes` are those of the labels, where groups are drawn from classes. `fitted_on` is where
    k-means ran, if it ran now; `seconds` are those of each stage. `label_warning` says what to do
    about labels that teach little.
    """

    root: str
    num_images: int
    rejects: dict[str, str]
    num_clusters: int
    num_classes: int | None
    num_new_images: int
    num_new_parts: int
    splits: tuple[SplitSummary, ...]
    device: str
    fitted_on: str | None
    warnings: tuple[str, ...]
    label_warning: str | None
    seconds: dict[str, float]

    @property
    def has_written(self) -> bool:
        """Whether this call made anything."""
        return self.num_new_parts > 0 or any(split.has_written for split in self.splits)


def generate(config: GenerateConfig) -> GenerateSummary:
    """Make what is missing of a run. Raises AlignetError in one line for all a user can meet."""
    root = Folder.at(config.output)
    durations = Durations()
    refuse_occupied(config.output, "run", [config.images_from] if config.images_from else [])
    refuse_missing_inputs(config, read_settings(root))
    with locked(root), contextlib.ExitStack() as stack:
        root.remove_temporaries()
        with durations.of("start"):
            stack.enter_context(ray_session(config.resources))
            device = choose_device(config.resources)
        inputs, plan = plan_inputs(config, root, device, durations)
        freeze_settings(root, plan.settings)
        with durations.of("embed"):
            embedded = _embed(config, root, inputs, plan, device)
            survey = survey_parts(root, inputs.images, plan.layout)
            _refuse_many_rejects(config, plan, survey.rejects)
        with durations.of("cluster"):
            if survey.stale_parts:
                forget_manifests(root, plan.splits)
                forget_parts(root, survey.stale_parts)
            request = _cluster_request(root, inputs, plan, device)
            clustered = cluster_images(request, shows_progress=config.resources.progress)
            num_clusters = len(cluster_record.read_centroids(root))
        with durations.of("label"):
            splits = _label(config, root, inputs, plan, num_clusters)
        warnings = (*inputs.notes, *_size_warnings(root, plan, num_clusters))
        summary = GenerateSummary(
            root=root.url,
            num_images=inputs.index.num_images,
            rejects=survey.rejects,
            num_clusters=num_clusters,
            num_classes=None if inputs.labels is None else len(inputs.label_sizes),
            num_new_images=sum(len(plan.layout.rows(part)) for part in embedded),
            num_new_parts=len(embedded) + len(clustered.new_parts),
            splits=splits,
            device=device,
            fitted_on=clustered.fitted_on,
            warnings=warnings,
            label_warning=label_warning(root, plan.settings.shards),
            seconds=durations.seconds,
        )
        if summary.has_written or not root.exists(REPORT_NAME):
            write_report(root)
        if summary.has_written:
            write_log(root, "generate", asdict(summary))
    return summary


def plan_inputs(
    config: GenerateConfig, root: Folder, device: str, durations: Durations
) -> tuple[Inputs, RunPlan]:
    """What the run is made from and what it will be; writes nothing."""
    frozen = read_settings(root)
    inputs = read_inputs(config, root, frozen, device, durations)
    plan = plan_run(
        config,
        inputs.settings,
        inputs.index.num_images,
        inputs.transform,
        inputs.label_sizes,
        images_from=inputs.images.url if config.images_from else None,
        target_entropy=target_entropy(config, frozen),
        mean_image_bytes=inputs.mean_image_bytes,
    )
    return inputs, with_drawable(plan, inputs.labels)


def missing_parts(root: Folder, plan: RunPlan) -> list[int]:
    """Parts of the image table that are not there yet."""
    return part_record.missing_parts(root.folder(IMAGES_FOLDER), plan.layout.num_parts)


def _embed(
    config: GenerateConfig, root: Folder, inputs: Inputs, plan: RunPlan, device: str
) -> list[int]:
    """Make the missing parts of the image table, if it is the run's own."""
    if inputs.listing is None or inputs.backbone is None:
        return []
    missing = missing_parts(root, plan)
    if missing or read_index(root) is None:
        write_listing(
            root, inputs.listing, inputs.index
        )  # the same order; where images lie may have changed
    if missing and config.teacher != UNTRANSFORMED:
        verify_weights(inputs.backbone, config.plugins)
    return embed_missing_parts(
        embed_request(config, root, inputs.backbone, inputs.index, plan, device), config.resources
    )


def embed_request(
    config: GenerateConfig,
    root: Folder,
    backbone: ResolvedBackbone,
    index: ListingIndex,
    plan: RunPlan,
    device: str,
) -> EmbedRequest:
    """What to embed and how, of a run with an image table of its own."""
    return EmbedRequest(
        root=root,
        index=index,
        layout=plan.layout,
        backbone=backbone,
        plugins=config.plugins,
        stored=StoredFormat(
            shorter_side=config.stored.resolution,
            quality=config.stored.quality,
            keeps_original=config.stored.original,
        ),
        settings_digest=plan.settings.images_digest,
        batch_size=config.embedding.batch_size,
        precision=plan.settings.images["precision"],
        device=device,
        threads=config.resources.threads_per_actor,
    )


def _refuse_many_rejects(config: GenerateConfig, plan: RunPlan, rejects: Mapping[str, str]) -> None:
    """Raise InputError where more images are broken than the settings allow."""
    allowed = config.embedding.max_rejected_fraction * plan.layout.num_rows
    if config.images_from is None and len(rejects) > allowed:
        some = "; ".join(f"{k}: {r}" for k, r in list(rejects.items())[:_REASONS_SHOWN])
        raise InputError(
            f"{len(rejects)} of {plan.layout.num_rows} images rejected ({some})",
            f"at most {percent(config.embedding.max_rejected_fraction)} of them",
            place_of(config),
            "Mend them and give another --output, or raise --embedding.max-rejected-fraction.",
        )


def _cluster_request(root: Folder, inputs: Inputs, plan: RunPlan, device: str) -> ClusterRequest:
    settings = plan.settings.clusters
    return ClusterRequest(
        root=root,
        images=inputs.images,
        layout=plan.layout,
        transform=inputs.transform,
        candidates=plan.candidates,
        num_iterations=settings["num_iterations"],
        num_restarts=settings["num_restarts"],
        points_per_cluster=settings["points_per_cluster"],
        seed=settings["seed"],
        settings_digest=plan.settings.clusters_digest,
        sources=tuple(plan.settings.images["sources"]),
        on_gpu=device == "cuda",
    )


def _label(
    config: GenerateConfig, root: Folder, inputs: Inputs, plan: RunPlan, num_clusters: int
) -> tuple[SplitSummary, ...]:
    """All splits' shards, then the temperature of their labels, then the manifests."""
    # Validation first: where it cannot be drawn, nothing large has been made in vain.
    made = {
        split.split: make_shards(
            _label_request(root, inputs, plan, position, num_clusters),
            shows_progress=config.resources.progress,
        )
        for position, split in reversed(list(enumerate(plan.splits)))
    }
    temperature = _temperature(root, plan.settings, made)
    manifests = [
        manifest_of(made[split.split], teacher_temperature=temperature) for split in plan.splits
    ]
    if not all(is_written(root, manifest) for manifest in manifests):
        root.delete(REPORT_NAME)  # it must not outlive what it tells of
    return tuple(
        finish_split(made[split.split], manifest)
        for split, manifest in zip(plan.splits, manifests, strict=True)
    )


def _temperature(root: Folder, settings: RunSettings, made: dict[str, SplitShards]) -> float:
    asked = settings.shards["teacher_temperature"]
    if asked != AUTO:
        return asked
    manifest = read_manifest(root, VALIDATION)
    if manifest is not None and made[VALIDATION].num_new == 0:
        return manifest.teacher_temperature
    num_shards = made[VALIDATION].request.split.num_shards
    return temperature_for(root, num_shards, settings.shards["target_entropy"])


def _label_request(
    root: Folder, inputs: Inputs, plan: RunPlan, position: int, num_clusters: int
) -> LabelRequest:
    settings = plan.settings.shards
    return LabelRequest(
        root=root,
        images=inputs.images,
        layout=plan.layout,
        split=plan.splits[position],
        strategy=settings["strategy"],
        pool_rows=settings["pool_rows"],
        num_clusters=num_clusters,
        seed=settings["seed"],
        settings_digest=plan.settings.shards_digest,
    )


def _size_warnings(root: Folder, plan: RunPlan, num_clusters: int) -> tuple[str, ...]:
    sources: list[str] = plan.settings.images["sources"]
    sizes = cluster_sizes(root, plan.layout, num_clusters, len(sources))
    shards = plan.settings.shards
    least = least_cluster_size(shards["strategy"], shards["blocks"])
    return tuple(size_warnings(sizes, least=least, sources=sources))
