"""Whether the centroids are those that were fitted, and their index what was written of them."""

import math

import numpy as np
from jaxtyping import Float32

from alignet_ray.errors import RecordError
from alignet_ray.functional.elbow import elbow
from alignet_ray.generation.verification.findings import (
    Problem,
    Record,
    examine,
    expect,
    expect_sha256,
    read_canonical,
    read_present,
    size_of_present,
)
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.clusters import CENTROIDS_NAME, CLUSTERS_FOLDER, INDEX_NAME
from alignet_ray.records.digests import Json, digest
from alignet_ray.records.npy import parse_npy

CENTROIDS = Record(kind="centroids")

_OWN_DIGEST = "index_sha256"
_FIELDS = {"digest", "centroids_sha256", "num_clusters", "inertia", "elbow_curve"}


def check_centroids(rules: RunRules) -> Float32[np.ndarray, "clusters dim"] | Problem | None:
    """The centroids, or what is wrong with them; None where they were not read (quick)."""
    return examine(CENTROIDS, lambda: _centroids(rules))


def _centroids(rules: RunRules) -> Float32[np.ndarray, "clusters dim"] | None:
    folder = rules.root.folder(CLUSTERS_FOLDER)
    index, _ = read_canonical(folder, INDEX_NAME)
    _check_index(index, rules, folder.place(INDEX_NAME))
    if rules.is_quick:
        size_of_present(folder, CENTROIDS_NAME)
        return None
    place = folder.place(CENTROIDS_NAME)
    data = read_present(folder, CENTROIDS_NAME)
    expect_sha256(data, index["centroids_sha256"], INDEX_NAME, place)
    try:
        centroids = parse_npy(data)
    except ValueError as error:
        raise RecordError(f"no array ({error})", "float32 centroids", place) from error
    if centroids.dtype != np.float32 or centroids.ndim != 2 or not np.isfinite(centroids).all():
        found = f"{centroids.dtype} of shape {centroids.shape}"
        raise RecordError(found, "a finite float32 matrix", place)
    expect(len(centroids), index["num_clusters"], "number of centroids", place)
    return centroids


def _check_index(index: Json, rules: RunRules, place: str) -> None:
    rest = {name: value for name, value in index.items() if name != _OWN_DIGEST}
    if _OWN_DIGEST in index:
        expect(index[_OWN_DIGEST], digest(rest), _OWN_DIGEST, place)
    if not rest.keys() >= _FIELDS or (_OWN_DIGEST not in index and rest.keys() != _FIELDS):
        raise RecordError(f"fields {sorted(index)}", f"{sorted({*_FIELDS, _OWN_DIGEST})}", place)
    expect(index["digest"], rules.settings.clusters_digest, "settings' digest", place)
    if rules.num_clusters is not None:
        expect(index["num_clusters"], rules.num_clusters, "num_clusters", place)
    _check_curve(index, rules, place)
    inertia = index["inertia"]
    if not (isinstance(inertia, int | float) and math.isfinite(inertia) and inertia >= 0):
        raise RecordError(f"inertia {inertia!r}", "a number that is not negative", place)


def _check_curve(index: Json, rules: RunRules, place: str) -> None:
    """The curve is over the candidates, and its elbow is the number that was taken.

    Where the number was given, or there was one candidate, there is no curve.
    """
    candidates = rules.candidates
    if candidates and index["num_clusters"] not in candidates:
        found = f"num_clusters {index['num_clusters']!r}"
        raise RecordError(found, f"one of the candidates {list(candidates)}", place)
    try:
        curve = [(int(count), float(inertia)) for count, inertia in index["elbow_curve"]]
    except (TypeError, ValueError) as error:
        raise RecordError("an elbow curve of other values", "(count, inertia)", place) from error
    wanted = list(candidates) if len(candidates) > 1 else []
    expect([count for count, _ in curve], wanted, "counts of the elbow curve", place)
    if any(inertia < 0 for _, inertia in curve):
        raise RecordError("a negative inertia in the elbow curve", "0 or more", place)
    if curve:
        expect(index["num_clusters"], elbow(curve), "num_clusters", place)
