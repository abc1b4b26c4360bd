"""One task of a verification: a part of the image table and the part of the clusters beside it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from alignet_ray.generation.verification.assignment import check_cluster_part
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.parts import check_image_part
from alignet_ray.generation.verification.rules import RunRules


@dataclass(frozen=True, kw_only=True)
class PartFinding:
    """What is wrong with the two parts, and what the sound ones hold."""

    problems: tuple[Problem, ...]
    num_rejects: int
    num_bytes: int


def check_part(
    part: int, rules: RunRules, centroids: Float32[np.ndarray, "clusters dim"] | None
) -> PartFinding:
    """Check both; the clusters' part is read where that of the image table is broken too."""
    problems: list[Problem] = []
    num_rejects = num_bytes = 0
    images = check_image_part(part, rules)
    if isinstance(images, Problem):
        problems.append(images)
        images = None
    else:
        num_rejects, num_bytes = images.num_rejects, images.num_bytes
    if rules.has_clusters:
        clusters = check_cluster_part(part, rules, images, centroids)
        if isinstance(clusters, Problem):
            problems.append(clusters)
        else:
            num_bytes += clusters
    return PartFinding(problems=tuple(problems), num_rejects=num_rejects, num_bytes=num_bytes)
