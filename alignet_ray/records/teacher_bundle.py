"""The teacher bundle: a backbone and the affine map into the human-like space.

`teacher.json` names the backbone, its layer, pixels and weights' digest; `transform.safetensors`
holds W and b; scalar mean and scale standardise the features before: z' = W (z - mean) / scale + b.
"""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
import safetensors.numpy
from jaxtyping import Float

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.digests import Json, canonical_json, digest, parse_json, sha256
from alignet_ray.records.store import Folder
from alignet_ray.records.tensors import unreadable_tensors

BUNDLE_NAME = "teacher.json"
TRANSFORM_NAME = "transform.safetensors"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Transform:
    """The affine map x' = weight (x - mean) / scale + bias; all float64 in memory."""

    weight: Float[np.ndarray, "dim dim"]
    bias: Float[np.ndarray, "dim"]
    mean: float
    scale: float

    def apply(self, embeddings: Float[np.ndarray, "rows dim"]) -> Float[np.ndarray, "rows dim"]:
        """Transformed embeddings, computed in float64 and rounded once to float32."""
        standardised = (embeddings.astype(np.float64) - self.mean) / self.scale
        return (standardised @ self.weight.T + self.bias).astype(np.float32)

    @property
    def sha256(self) -> str:
        """Digest of the four parts as stored: name, shape and bytes of each."""
        state = hashlib.sha256()
        for name, array in sorted(_stored_arrays(self).items()):
            state.update(f"{name} {array.dtype} {array.shape}\n".encode())
            state.update(array.tobytes())
        return state.hexdigest()

    def settings(self) -> Json:
        """What a run's settings say of it."""
        return {"sha256": self.sha256}


@dataclass(frozen=True, kw_only=True)
class TeacherBundle:
    """A surrogate teacher; `metrics` and `provenance` are for people."""

    backbone: ResolvedBackbone
    transform: Transform
    metrics: Json = field(default_factory=dict)
    provenance: Json = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of backbone and transform."""
        return digest([self.backbone.identity(), self.transform.sha256])

    def with_checkpoint(self, checkpoint: str | None) -> "TeacherBundle":
        """The same bundle with its weights read from another place."""
        if checkpoint is None:
            return self
        return replace(self, backbone=replace(self.backbone, checkpoint=checkpoint))


def _stored_arrays(transform: Transform) -> dict[str, np.ndarray]:
    return {
        "weight": np.ascontiguousarray(transform.weight, dtype=np.float32),
        "bias": np.ascontiguousarray(transform.bias, dtype=np.float32),
        "mean": np.array([transform.mean], dtype=np.float64),
        "scale": np.array([transform.scale], dtype=np.float64),
    }


def write_bundle(folder: Folder, bundle: TeacherBundle) -> None:
    """Write the transform and, after it, `teacher.json`."""
    data = safetensors.numpy.save(_stored_arrays(bundle.transform))
    folder.write(TRANSFORM_NAME, data)
    document = {
        "version": FORMAT_VERSION,
        "backbone": bundle.backbone.to_json(),
        "transform_sha256": sha256(data),
        "metrics": bundle.metrics,
        "provenance": bundle.provenance,
    }
    folder.write(BUNDLE_NAME, canonical_json(document))


def is_bundle(folder: Folder) -> bool:
    """Whether a folder holds a finished bundle."""
    return folder.exists(BUNDLE_NAME)


def read_bundle(folder: Folder) -> TeacherBundle:
    """The bundle in a folder. Raises InputError or RecordError naming what is wrong."""
    place = folder.place(BUNDLE_NAME)
    if not is_bundle(folder):
        raise InputError("no teacher bundle", "a folder written by fit_teacher", folder.url,
                         "Run jobs/fit_teacher.py, or say --teacher untransformed.")  # fmt: skip
    document = parse_json(folder.read(BUNDLE_NAME), place)
    if document.get("version") != FORMAT_VERSION:
        raise RecordError(f"version {document.get('version')}", f"{FORMAT_VERSION}", place)
    data = folder.read(TRANSFORM_NAME)
    if sha256(data) != document.get("transform_sha256"):
        raise RecordError(
            "another SHA-256 than teacher.json names", "the transform as it was fitted",
            folder.place(TRANSFORM_NAME), "Fit the teacher again.",
        )  # fmt: skip
    backbone = ResolvedBackbone.from_json(document.get("backbone", {}), place)
    return TeacherBundle(
        backbone=backbone,
        transform=_parse_transform(data, backbone.dim, folder.place(TRANSFORM_NAME)),
        metrics=document.get("metrics", {}),
        provenance=document.get("provenance", {}),
    )


def _parse_transform(data: bytes, dim: int, place: str) -> Transform:
    with unreadable_tensors(place, "Fit the teacher again."):
        arrays = safetensors.numpy.load(data)
        weight, bias = arrays["weight"].astype(np.float64), arrays["bias"].astype(np.float64)
        mean, scale = float(arrays["mean"][0]), float(arrays["scale"][0])
    if weight.shape != (dim, dim) or bias.shape != (dim,):
        raise RecordError(
            f"weight {weight.shape}, bias {bias.shape}", f"{dim} x {dim}, {dim}", place
        )
    parts = (weight, bias, mean, scale)
    if not (all(np.isfinite(part).all() for part in parts) and scale > 0):
        raise RecordError("NaN, infinity or a scale of 0", "finite numbers, scale > 0", place)
    return Transform(weight=weight, bias=bias, mean=mean, scale=scale)
