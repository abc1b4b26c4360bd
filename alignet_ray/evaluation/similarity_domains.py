"""Domains of human similarity judgements: a matrix, and the images that its rows are of.

Rows are matched to images by names and never by position: those of a names file, those in the
matrix's own file, or else the sorted names of the folder's images, if there are as many and their
numbers leave no doubt about the order.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.config.similarity_judgements import Domain
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import ImageSet, objects_set
from alignet_ray.functional.partial_triangles import partial_triangle
from alignet_ray.records.digests import sha256
from alignet_ray.records.human import read_names, refuse_repeated
from alignet_ray.records.object_images import find_object_images
from alignet_ray.records.similarity_matrix import HumanMatrices, read_similarity_matrix
from alignet_ray.records.store import Folder, read_url
from alignet_ray.stages.sources.rows import is_image_name
from alignet_ray.stages.tasks import run_task

_LARGE_BYTES = 50_000_000

NAMES_FILE, OWN_NAMES, SORTED_IMAGES = "names file", "matrix", "sorted image names"


class RowNames(NamedTuple):
    """What each row is of, without the suffix of an image's file, and where that was found."""

    names: tuple[str, ...]
    named_by: str


@dataclass(frozen=True, kw_only=True)
class JudgedDomain:
    """What was judged: `names` are the matrix's rows, `images` those of them that have one."""

    name: str
    kind: str
    names: tuple[str, ...]
    rows_named_by: str
    images: ImageSet
    missing: tuple[str, ...]
    matrices: HumanMatrices
    sha256: str

    def judged(self, keys: tuple[str, ...]) -> "Judged":
        """The judgements of some of the images, which come in the matrix's order."""
        row_of = {name: row for row, name in enumerate(self.names)}
        rows = np.array([row_of[key] for key in keys], dtype=np.int64)
        return Judged(
            triangles=self.matrices.triangles, num_images=self.matrices.num_images, rows=rows
        )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Participants' triangles over all images, and the rows of those that models have too."""

    triangles: Float[np.ndarray, "participants pairs"]
    num_images: int
    rows: Int[np.ndarray, "kept"]

    @property
    def kept(self) -> Float[np.ndarray, "participants kept_pairs"]:
        """The triangles of the kept images. Taken inside tasks: they may be large."""
        if len(self.rows) == self.num_images:
            return self.triangles
        return np.stack(
            [partial_triangle(own, self.num_images, self.rows) for own in self.triangles]
        )


def read_domain(domain: Domain) -> JudgedDomain:
    """A domain's matrix and images; call it inside `ray_session` where the matrix `is_large`.

    Raises InputError where the matrix cannot be used or its rows cannot be told.
    """
    matrices, checksum = (
        run_task(_read_matrix, domain) if is_large(domain) else _read_matrix(domain)
    )
    names, named_by = row_names(domain, matrices)
    found = find_object_images(domain.images, names)
    return JudgedDomain(
        name=domain.name,
        kind=domain.kind,
        names=names,
        rows_named_by=named_by,
        images=objects_set(domain.name, found),
        missing=found.missing,
        matrices=matrices,
        sha256=checksum,
    )


def is_large(domain: Domain) -> bool:
    """Whether the matrix is looked at in a task: it takes some times the bytes of its file."""
    folder, _, name = domain.matrix.rpartition("/")
    return Folder.at(folder or "/").size(name) > _LARGE_BYTES


def _read_matrix(domain: Domain) -> tuple[HumanMatrices, str]:
    """In a task: 10,000 images are some gigabytes while their matrix is looked at."""
    matrices = read_similarity_matrix(domain.matrix, domain.kind, variable=domain.variable)
    return matrices, sha256(read_url(domain.matrix))


def row_names(domain: Domain, matrices: HumanMatrices) -> RowNames:
    """The rows' names: those of the names file, else the matrix's own, else the images'.

    Raises InputError where they are not as many as the rows, or the images' order is not sure.
    """
    place = domain.names or domain.matrix
    if domain.names is not None:
        names, named_by = read_names(domain.names), NAMES_FILE
    elif matrices.names is not None:
        names, named_by = matrices.names, OWN_NAMES
    else:
        place, names, named_by = domain.images, _sorted_images(domain.images), SORTED_IMAGES
    if len(names) != matrices.num_images:
        raise InputError(
            f"{len(names):,} names for the {matrices.num_images:,} rows of {domain.matrix}",
            "one name for each", place,
            "Give --similarity.names with the id of each row, one a line.",
        )  # fmt: skip
    if named_by == SORTED_IMAGES:
        _refuse_unsure_order(names, place)
    plain = [_without_suffix(name) for name in names]
    refuse_repeated(plain, "row", place)
    return RowNames(tuple(plain), named_by)


def _sorted_images(url: str) -> tuple[str, ...]:
    return tuple(sorted(filter(is_image_name, Folder.at(url).sizes())))


def _refuse_unsure_order(names: tuple[str, ...], place: str) -> None:
    """Raise InputError where sorted names are in another order by their numbers (10 before 2)."""
    width = max(map(len, names), default=0)
    by_number = sorted(
        names, key=lambda name: re.sub(r"\d+", lambda digits: digits[0].zfill(width), name)
    )
    for name, other in zip(names, by_number, strict=True):
        if name != other:
            raise InputError(
                f"{name!r} sorted as text where {other!r} is sorted by number",
                "image names with one order, as the matrix's rows have no names", place,
                "Give --similarity.names with the id of each row, one a line.",
            )  # fmt: skip


def _without_suffix(name: str) -> str:
    return str(PurePosixPath(name).with_suffix("")) if is_image_name(name) else name
