"""What the sidecars of all parts say: rejects, and cluster parts of images that were re-made.

A cluster part names the image part it was made from. Where that is another by now (it was lost or
broken, here or in the run whose table is borrowed, and made again), the cluster part and the
shards that read it must be made again too.
"""

from dataclasses import dataclass, field

from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parts import (
    PartLayout,
    read_sidecars,
    read_sidecars_if_there,
    sidecar_name,
)
from alignet_ray.records.store import Folder
from alignet_ray.stages.tasks import map_tasks

_PARTS_PER_TASK = 500


@dataclass(kw_only=True)
class PartSurvey:
    """Rejects by key, and the cluster parts that are missing or stale."""

    rejects: dict[str, str] = field(default_factory=dict)
    stale_parts: list[int] = field(default_factory=list)


def survey_parts(root: Folder, images: Folder, layout: PartLayout) -> PartSurvey:
    """Read every part's sidecars, by Ray tasks; all image parts must be there."""
    spans = layout.spans(_PARTS_PER_TASK)
    found = dict(map_tasks(survey_span, spans, root, images))
    total = PartSurvey()
    for span in spans:
        total.rejects.update(found[span].rejects)
        total.stale_parts.extend(found[span].stale_parts)
    return total


def survey_span(span: tuple[int, int], root: Folder, images: Folder) -> PartSurvey:
    """The survey of parts [first, last).

    Each sidecar is asked for by name: to list a folder that holds those of all parts takes a
    request for every thousand of them, in every task.
    """
    survey, parts = PartSurvey(), range(*span)
    of_images = read_sidecars(images.folder(IMAGES_FOLDER), parts)
    of_clusters = read_sidecars_if_there(root.folder(CLUSTERS_FOLDER), parts)
    for part, image, cluster in zip(parts, of_images, of_clusters, strict=True):
        survey.rejects.update(image["rejects"])
        if cluster is None or cluster.get("images_sha256") != image["sha256"]:
            survey.stale_parts.append(part)
    return survey


def forget_parts(root: Folder, parts: list[int]) -> None:
    """Delete the sidecars of cluster parts, if they are there: what is left counts as missing."""
    clusters = root.folder(CLUSTERS_FOLDER)
    present = clusters.sizes()
    for part in parts:
        if sidecar_name(part) in present:
            clusters.delete(sidecar_name(part))
