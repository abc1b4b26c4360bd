"""Generate: list, embed, cluster, label. Each record is made once; a second run makes nothing."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.generate import UNTRANSFORMED, GenerateConfig
from alignet_ray.errors import InputError
from alignet_ray.generation.clustering import ClusterRequest, cluster_images
from alignet_ray.generation.labelling import LabelRequest
from alignet_ray.generation.plan import RunPlan, plan_run
from alignet_ray.generation.sources import list_folder, refuse_changed_source
from alignet_ray.generation.splits import SplitSummary, forget_manifests, label_split
from alignet_ray.records import parts as part_record
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import ListingIndex, index_of, read_index, write_listing
from alignet_ray.records.lock import locked
from alignet_ray.records.run import freeze_settings, read_settings
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import Transform, read_bundle
from alignet_ray.stages.embed import (
    EmbedRequest,
    Precision,
    StoredFormat,
    describe_backbone,
    embed_missing_parts,
    verify_weights,
)
from alignet_ray.stages.session import choose_device, ray_session

_SIDECAR_THREADS = 16
_REASONS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class GenerateSummary:
    """What a run holds and what this call added to it."""

    root: str
    num_images: int
    rejects: dict[str, str]
    num_clusters: int
    num_new_parts: int
    splits: tuple[SplitSummary, ...]
    device: str


def generate(config: GenerateConfig) -> GenerateSummary:
    """Make what is missing of a run. Raises AlignetError in one line for all a user can meet."""
    root = Folder.at(config.output)
    with locked(root), ray_session(config.resources):
        root.remove_temporaries()
        listing = _list(config, root)
        backbone, transform = _teacher(config)
        device = choose_device(config.resources)
        index, plan = _freeze(config, root, listing, backbone, transform, device)
        made = _embed(config, root, index, plan, backbone, device)
        rejects = _check_rejects(config, root, plan)
        clustered = cluster_images(
            _cluster_request(root, plan, transform, device),
            shows_progress=config.resources.progress,
        )
        splits = tuple(
            label_split(
                _label_request(root, plan, position),
                teacher_temperature=plan.settings.shards["teacher_temperature"],
                shows_progress=config.resources.progress,
            )
            # Validation first: where it cannot be drawn, nothing large has been made in vain.
            for position in reversed(range(len(plan.splits)))
        )
    return GenerateSummary(
        root=root.url,
        num_images=index.num_images,
        rejects=rejects,
        num_clusters=plan.settings.clusters["num_clusters"],
        num_new_parts=len(made) + len(clustered),
        splits=splits[::-1],
        device=device,
    )


def _list(config: GenerateConfig, root: Folder) -> pa.Table:
    """The source in the order of the root's own seed; another seed is refused by name later."""
    frozen = read_settings(root)
    return list_folder(config.images, frozen.images["seed"] if frozen else config.seed)


def _teacher(config: GenerateConfig) -> tuple[ResolvedBackbone, Transform | None]:
    if config.teacher == UNTRANSFORMED:
        return describe_backbone(config.backbone, config.plugins), None
    bundle = read_bundle(Folder.at(config.teacher)).with_checkpoint(config.checkpoint)
    return bundle.backbone, bundle.transform


def _freeze(
    config: GenerateConfig,
    root: Folder,
    listing: pa.Table,
    backbone: ResolvedBackbone,
    transform: Transform | None,
    device: str,
) -> tuple[ListingIndex, RunPlan]:
    """Resolve the settings, and freeze them and the listing or compare with what is frozen."""
    frozen = read_settings(root)
    index = read_index(root)
    if index is not None:
        refuse_changed_source(root, index, listing, config.images)
    index = index or index_of(listing)
    precision = config.embedding.precision
    if precision == "auto":
        default = "bfloat16" if device == "cuda" else "float32"
        precision = frozen.images["precision"] if frozen else default
    labels = Counter(label for label in listing.column("label").to_pylist() if label is not None)
    plan = plan_run(config, index, backbone, transform, precision, labels)
    freeze_settings(root, plan.settings)
    if read_index(root) is None or missing_parts(root, plan):
        write_listing(root, listing)  # the same order; where images lie may have changed
    return index, plan


def missing_parts(root: Folder, plan: RunPlan) -> list[int]:
    """Parts of the image table that are not there yet."""
    return part_record.missing_parts(root.folder(IMAGES_FOLDER), plan.layout.num_parts)


def _embed(
    config: GenerateConfig,
    root: Folder,
    index: ListingIndex,
    plan: RunPlan,
    backbone: ResolvedBackbone,
    device: str,
) -> list[int]:
    """Make the missing parts; first forget what was made from them, so that a crash cannot
    leave a record beside a part that it was not made from.
    """
    clusters = root.folder(CLUSTERS_FOLDER)
    missing = missing_parts(root, plan)
    if missing and config.teacher != UNTRANSFORMED:
        verify_weights(backbone, config.plugins)
    for part in missing:
        clusters.delete(part_record.sidecar_name(part))
    if missing or part_record.missing_parts(clusters, plan.layout.num_parts):
        forget_manifests(root, plan.splits)
    precision: Precision = plan.settings.images["precision"]
    request = EmbedRequest(
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
        precision=precision,
        device=device,
        threads=config.resources.threads_per_actor,
    )
    return embed_missing_parts(request, config.resources)


def _check_rejects(config: GenerateConfig, root: Folder, plan: RunPlan) -> dict[str, str]:
    """Rejects by key, or InputError where there are more than the settings allow."""
    folder = root.folder(IMAGES_FOLDER)
    with ThreadPoolExecutor(_SIDECAR_THREADS) as pool:
        numbers = range(plan.layout.num_parts)
        sidecars = list(pool.map(lambda part: part_record.read_sidecar(folder, part), numbers))
    rejects = {key: reason for sidecar in sidecars for key, reason in sidecar["rejects"].items()}
    allowed = config.embedding.max_rejected_fraction * plan.layout.num_rows
    if len(rejects) > allowed:
        some = "; ".join(f"{k}: {r}" for k, r in list(rejects.items())[:_REASONS_SHOWN])
        raise InputError(
            f"{len(rejects)} of {plan.layout.num_rows} images rejected ({some})",
            f"at most {config.embedding.max_rejected_fraction:g} of them",
            config.images,
            "Mend them and give another --output, or raise --embedding.max-rejected-fraction.",
        )
    return rejects


def _cluster_request(
    root: Folder, plan: RunPlan, transform: Transform | None, device: str
) -> ClusterRequest:
    settings = plan.settings.clusters
    return ClusterRequest(
        root=root,
        layout=plan.layout,
        transform=transform,
        num_clusters=settings["num_clusters"],
        num_iterations=settings["num_iterations"],
        num_restarts=settings["num_restarts"],
        points_per_cluster=settings["points_per_cluster"],
        seed=settings["seed"],
        settings_digest=plan.settings.clusters_digest,
        on_gpu=device == "cuda",
    )


def _label_request(root: Folder, plan: RunPlan, position: int) -> LabelRequest:
    settings = plan.settings.shards
    return LabelRequest(
        root=root,
        images=root,
        layout=plan.layout,
        split=plan.splits[position],
        strategy=settings["strategy"],
        pool_rows=settings["pool_rows"],
        num_clusters=plan.settings.clusters["num_clusters"],
        seed=settings["seed"],
        settings_digest=plan.settings.shards_digest,
    )
