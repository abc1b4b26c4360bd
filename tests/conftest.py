"""What many tests share: real data, a folder of photographs, one local Ray, a reader of pages."""

import os
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
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


class Reader(HTMLParser):
    """Elements, attributes and words of a page; fails where a tag does not close in order."""

    VOID = frozenset({"img", "meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


@pytest.fixture(scope="session")
def read_page() -> Callable[[bytes], Reader]:
    def read(data: bytes) -> Reader:
        reader = Reader()
        reader.feed(data.decode())
        reader.close()
        assert reader.open == []
        return reader

    return read
