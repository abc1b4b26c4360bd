"""From groups to batches: kinds, what is lost, a bounded look-ahead, an end in time."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignet_ray.config.backbone import Preprocessing
from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.errors import RecordError
from alignet_ray.models.preprocessing import decode_image, to_pixels
from alignet_ray.training.data import Decoder, ahead, reading
from alignet_ray.training.plan import make_plan
from alignet_ray.training.sources import open_sources

PIXELS = Preprocessing(
    resolution=16,
    resize="squash",
    crop_fraction=1.0,
    interpolation="bilinear",
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)


def test_runs_with_other_groups_train_together(make_run: Any, run_root: str) -> None:
    other = make_run(counts=(4,), strategy="cluster_border", blocks=(2, 1), validation=())
    sources = open_sources([run_root, other], "train", None)
    assert sources is not None
    assert sources.group_counts == (5, 7, 6, 4)
    groups = [*sources.groups(1, 2, 4), *sources.groups(3, 0, 2)]
    decoder = Decoder(PIXELS, 2)
    wide, small = decoder.batch(groups)
    decoder.close()
    assert wide.pixels.shape == (2, 6, 16, 16, 3)
    assert small.pixels.shape == (2, 3, 16, 16, 3)
    assert small.similarities.shape == (2, 3, 3)


def test_threads_decode_every_image_to_its_place(run_root: str) -> None:
    sources = open_sources([run_root], "train", None)
    assert sources is not None
    groups = list(sources.groups(0, 0, 3))
    decoder = Decoder(PIXELS, 2)
    (part,) = decoder.batch(groups)
    assert decoder.batch([]) == ()
    decoder.close()
    for pixels, (_, group) in zip(part.pixels, groups, strict=True):
        for place, image in enumerate(group.images):
            np.testing.assert_array_equal(pixels[place], to_pixels(decode_image(image), PIXELS))


def test_an_image_that_does_not_decode_takes_its_group_along(run_root: str) -> None:
    sources = open_sources([run_root], "train", None)
    assert sources is not None
    groups = list(sources.groups(0, 0, 3))
    kind, second = groups[1]
    groups[1] = kind, replace(second, images=(*second.images[:3], b"no image", *second.images[4:]))
    decoder, told = Decoder(PIXELS, 1), []
    with pytest.raises(RecordError, match="not a JPEG, PNG or WebP image"):
        decoder.batch(groups)
    (part,) = decoder.batch(groups, told.append)
    (whole,) = decoder.batch([groups[0], groups[2]])
    assert decoder.batch([groups[1]], told.append) == ()
    decoder.close()
    np.testing.assert_array_equal(part.pixels, whole.pixels)
    np.testing.assert_array_equal(part.similarities, whole.similarities)
    assert second.keys[3] in str(told[0])


def _counts(make_config: Any, root: str, first_step: int = 0) -> list[int]:
    """Groups in the batch of each step."""
    config = StreamingConfig(num_streams=2, shuffle_buffer=3, tolerate_bad_shards=True)
    plan = make_plan(make_config(runs=(root,), data=config))
    decoder = Decoder(PIXELS, 1)
    with reading(
        plan.sources, plan.layout, range(2), decoder, config, num_steps=8, first_step=first_step
    ) as batches:
        found = [sum(len(part.pixels) for part in batch) for batch in batches]
    decoder.close()
    return found


@pytest.mark.parametrize("missing", [(0, 2), (0, 1, 2)])
def test_every_step_comes_without_what_is_lost(
    make_run: Any, make_config: Any, missing: tuple[int, ...]
) -> None:
    root = make_run(validation=())
    for shard in missing:
        Path(root, f"shards/train/00000{shard}.tar").unlink()
    sizes = _counts(make_config, root)
    assert len(sizes) == 8
    assert (sum(sizes) > 0) == (len(missing) < 3)
    assert max(sizes) <= 4
    assert _counts(make_config, root, first_step=5) == sizes[5:]


def test_looking_ahead_is_bounded_and_stops() -> None:
    made: list[int] = []
    enough = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            if number == 3:
                enough.set()
            yield number

    with ahead(numbers(), depth=2) as items:
        assert next(items) == 0
        assert enough.wait(5)
    assert len(made) <= 5


def test_a_makers_exception_comes_out_in_its_turn() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with ahead(broken()) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="gone"):
            next(items)


def test_a_maker_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignet_ray.training.data._CLOSE_SECONDS", 0.1)
    released = threading.Event()

    def hanging() -> Iterator[int]:
        yield 1
        released.wait(30)

    started = time.monotonic()
    with ahead(hanging()) as items:
        assert next(items) == 1
    released.set()
    assert time.monotonic() - started < 10
