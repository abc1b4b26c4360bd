"""Real images as pixels in memory, their teacher's vectors, and people's answers, for benchmarks
that train a student.

Nothing of the data is part of the project. What takes long, embedding and decoding, is kept in
the benchmark's own folder, by the digest of what it is made from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alignet_ray.config.backbone import BackboneConfig, Preprocessing, PreprocessingConfig
from alignet_ray.config.resources import Resources
from alignet_ray.functional.agreement import count_choices
from alignet_ray.models.plugins import import_plugins
from alignet_ray.models.preprocessing import decode_image, to_pixels
from alignet_ray.records.choices import read_choices
from alignet_ray.records.digests import digest
from alignet_ray.records.human import read_names
from alignet_ray.records.object_images import find_object_images
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import TeacherBundle, read_bundle
from alignet_ray.stages.embed_objects import embed_objects
from alignet_ray.stages.session import ray_session

IMAGE_FOLDERS = ("imagenet_sample/images", "imagenet_det/images")
STUDENT_SIDE = 128
_HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True, kw_only=True)
class Images:
    """Pixels as the student sees them, and the teacher's transformed embeddings."""

    pixels: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, kw_only=True)
class Human:
    """Pixels of the objects, and how often people chose each pair of each unique triplet."""

    pixels: np.ndarray
    triplets: np.ndarray
    counts: np.ndarray


def student_of(data: Path) -> BackboneConfig:
    """MobileNetV1-0.25 with its ImageNet weights, at its native 128 pixels."""
    import_plugins([str(data / "backbones.py")])
    return BackboneConfig(
        name="mobilenetv1_025",
        checkpoint=str(data / "weights/mobilenetv1_025.imagenet_128.safetensors"),
        model_args=("num_classes=1001", "pad_type=same"),
        preprocessing=PreprocessingConfig(resolution=STUDENT_SIDE, mean=_HALF, std=_HALF),
    )


def load_images(data: Path, work: Path, teacher: str, seen: Preprocessing) -> Images:
    """The images of both folders, in the order of their names."""
    files = {
        f"{folder}/{path.name}": str(path)
        for folder in IMAGE_FOLDERS
        for path in sorted((data / folder).iterdir())
    }
    bundle = read_bundle(Folder.at(teacher))
    name = f"vectors-{digest([sorted(files), bundle.digest])[:12]}.npy"
    vectors = _kept(work / name, lambda: _teacher_vectors(files, bundle, work))
    return Images(pixels=_pixels(files, work, seen), vectors=vectors)


def _teacher_vectors(files: Mapping[str, str], bundle: TeacherBundle, work: Path) -> np.ndarray:
    resources = Resources(device="cpu")
    with ray_session(resources):
        embedded = embed_objects(
            files,
            bundle.backbone.as_config(),
            plugins=(),
            cache=Folder.at(str(work / "embeddings")),
            resources=resources,
        )
    assert embedded.object_ids == tuple(files), embedded.rejects
    return bundle.transform.apply(embedded.vectors)


def load_human(data: Path, work: Path, seen: Preprocessing) -> Human:
    """The THINGS objects that have an image, and the responses that show only them."""
    things = data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    responses = read_choices(str(things / "human_test_triplets.tsv"), names)
    files = find_object_images(str(things / "images"), names).urls
    rows, kept = responses.rows_among(tuple(files))
    triplets, counts = count_choices(rows, responses.odd_position[kept])
    return Human(pixels=_pixels(files, work, seen), triplets=triplets, counts=counts)


def _pixels(files: Mapping[str, str], work: Path, seen: Preprocessing) -> np.ndarray:
    def decode() -> np.ndarray:
        paths: Sequence[str] = list(files.values())
        return np.stack([to_pixels(decode_image(Path(p).read_bytes()), seen) for p in paths])

    return _kept(work / f"pixels-{digest([sorted(files), repr(seen)])[:12]}.npy", decode)


def _kept(file: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array in a file, made and written first where it is not there."""
    if not file.exists():
        array = make()
        unfinished = file.with_suffix(".unfinished.npy")
        np.save(unfinished, array)
        unfinished.rename(file)
    return np.load(file, allow_pickle=False)
