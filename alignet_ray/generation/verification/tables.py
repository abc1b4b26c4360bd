"""One task of a verification: a part of the image table and what was made from it alone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from alignet_ray.generation.verification.assignment import check_cluster_part
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.parts import check_image_part
from alignet_ray.generation.verification.places import check_places
from alignet_ray.generation.verification.rules import RunRules


@dataclass(frozen=True, kw_only=True)
class PartFinding:
    """What is wrong with the parts, and what the sound ones hold.

    `rejected` are the image ids of rejects, None where the part was not read.
    """

    problems: tuple[Problem, ...]
    num_rejects: int
    num_bytes: int
    rejected: tuple[int, ...] | None = None


def check_part(
    part: int, rules: RunRules, centroids: Float32[np.ndarray, "clusters dim"] | None
) -> PartFinding:
    """Check all; clusters and places are read where the part of the image table is broken too."""
    found = check_image_part(part, rules)
    images = None if isinstance(found, Problem) else found
    others: list[int | Problem] = []
    if rules.has_clusters:
        others.append(check_cluster_part(part, rules, images, centroids))
    if part in rules.placed:
        others.append(check_places(part, rules, images))
    num_bytes = sum(other for other in others if isinstance(other, int))
    rejected = None
    if images is not None and images.accepted is not None:
        rows = np.flatnonzero(~images.accepted) + rules.layout.rows(part).start
        rejected = tuple(rows.tolist())
    return PartFinding(
        problems=tuple(p for p in (found, *others) if isinstance(p, Problem)),
        num_rejects=images.num_rejects if images else 0,
        num_bytes=num_bytes + (images.num_bytes if images else 0),
        rejected=rejected,
    )
