"""The small records of a finished run, opened once: settings, listing index, manifests."""

from dataclasses import dataclass
from typing import Any

from alignet_ray.errors import RecordError
from alignet_ray.records import clusters, listing
from alignet_ray.records.digests import Json
from alignet_ray.records.manifest import Manifest, read_manifest
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import CONFIG_NAME, RunSettings, image_root, read_settings
from alignet_ray.records.shards import SPLITS
from alignet_ray.records.store import Folder


@dataclass(frozen=True, kw_only=True)
class RunRecords:
    """What a run says of itself; `image_root` holds the listing and the image table.

    `cluster_index` is None for a converted run, which has no clusters and no embeddings.
    """

    root: Folder
    image_root: Folder
    settings: RunSettings
    layout: PartLayout
    manifests: tuple[Manifest, ...]
    cluster_index: Json | None

    @property
    def num_clusters(self) -> int:
        """Clusters that were fitted, empty ones included; 0 for a converted run."""
        return self.cluster_index["num_clusters"] if self.cluster_index else 0

    @property
    def seed(self) -> int:
        """Seed of what the report samples, so that it shows the same every time."""
        return self.settings.shards.get("seed", 0)

    @property
    def backbone(self) -> dict[str, Any] | None:
        """Identity of the teacher's backbone; None for a converted run, also where the image
        table that it borrows has been embedded by somebody's backbone.
        """
        return self.settings.images["backbone"] if self.settings.clusters else None


def read_run(root: Folder) -> RunRecords:
    """Open a finished run. Raises RecordError where there is none or it is not finished."""
    settings = read_settings(root)
    if settings is None:
        raise RecordError("missing", "the config of a run", root.place(CONFIG_NAME), _REMEDY)
    images = image_root(root)
    index = listing.read_index(images)
    if index is None:
        place = images.place(f"{listing.LISTING_FOLDER}/{listing.INDEX_NAME}")
        raise RecordError("missing", "the listing of a run", place, _REMEDY)
    found = [read_manifest(root, split) for split in SPLITS]
    manifests = tuple(manifest for manifest in found if manifest is not None)
    if not manifests:
        raise RecordError("no manifest", "a finished run", root.url, _REMEDY)
    return RunRecords(
        root=root,
        image_root=images,
        settings=settings,
        layout=PartLayout(
            num_rows=index.num_images,
            part_rows=settings.images["part_rows"],
            row_group_rows=settings.images["row_group_rows"],
        ),
        manifests=manifests,
        cluster_index=_cluster_index(root, settings),
    )


def _cluster_index(root: Folder, settings: RunSettings) -> Json | None:
    if not settings.clusters:
        return None
    index = clusters.read_index(root)
    if index is None:
        place = root.place(f"{clusters.CLUSTERS_FOLDER}/{clusters.INDEX_NAME}")
        raise RecordError("missing", "the clusters of a finished run", place, _REMEDY)
    return index


_REMEDY = (
    "Give the --output of jobs/generate.py or jobs/fit_teacher.py; "
    "run that job again if it was stopped."
)
