"""What many tests share: real data, a folder of photographs, one local Ray."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
PhotoFolder = Callable[..., Path]

# Shapes are checked on every call and the machine may be busy: no deadlines. The same examples
# every time, so that a red run can be had again; `make chaos` looks for new ones.
settings.register_profile("same", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("new", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real images, responses and weights, which are not part of the project."""
    given = os.environ.get("ALIGNET_REAL_DATA")
    folder = Path(given) if given else REPOSITORY.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set ALIGNET_REAL_DATA to a folder that has it")
    return folder


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """One Ray with two CPUs for the whole session."""
    os.environ["RAY_AUTH_MODE"] = "disabled"
    import ray

    ray.init(
        "local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error"
    )
    yield
    ray.shutdown()


def smooth_pixels(random: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Random colours, blended from a coarse grid."""
    coarse = random.integers(0, 256, size=(3, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture
def photo_folder(tmp_path: Path) -> PhotoFolder:
    """Makes `<name>/<label>/<number>.jpg`, smooth random images of several sizes."""

    def make(
        name: str = "photos",
        *,
        labels: tuple[str, ...] = ("cat", "dog"),
        images_per_label: int = 3,
        seed: int = 0,
    ) -> Path:
        random = np.random.default_rng(seed)
        folder = tmp_path / name
        for label in labels:
            (folder / label).mkdir(parents=True, exist_ok=True)
            for number in range(images_per_label):
                width, height = random.integers(24, 72, size=2).tolist()
                image = Image.fromarray(smooth_pixels(random, width, height))
                image.save(folder / label / f"{number:03d}.jpg", quality=90)
        return folder

    return make
