"""Micro-batches hold whole groups, in their order, and no more images than they may."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.training.data import Batch, Part
from alignet_ray.training.micro_batches import micro_batches
from alignet_ray.training.sources import Kind

SHAPES = st.lists(st.tuples(st.integers(1, 9), st.sampled_from([3, 4, 8])), max_size=4)


def _batch(shapes: list[tuple[int, int]]) -> Batch:
    """Parts whose groups are numbered through by their pixels."""
    parts, number = [], 0
    for count, size in shapes:
        numbers = np.arange(number, number + count, dtype=np.uint8)
        pixels = np.broadcast_to(numbers[:, None, None, None, None], (count, size, 1, 1, 3))
        grams = np.broadcast_to(numbers[:, None, None].astype(np.float32), (count, size, size))
        kind = Kind(strategy="random", blocks=(size,), teacher_temperature=float(size))
        parts.append(Part(kind=kind, pixels=pixels, similarities=grams))
        number += count
    return tuple(parts)


def _groups(batch: Batch) -> list[tuple[Kind, int, int]]:
    return [
        (part.kind, int(pixels[0, 0, 0, 0]), int(gram[0, 0]))
        for part in batch
        for pixels, gram in zip(part.pixels, part.similarities, strict=True)
    ]


@given(SHAPES, st.integers(1, 40))
def test_the_pieces_are_the_batch_in_order_and_fit(shapes, max_images: int) -> None:
    batch = _batch(shapes)
    pieces = list(micro_batches(batch, max_images))
    assert [group for piece in pieces for group in _groups(piece)] == _groups(batch)
    for piece in pieces:
        images = sum(part.pixels.shape[0] * part.pixels.shape[1] for part in piece)
        assert images <= max_images or len(_groups(piece)) == 1


@given(SHAPES, st.integers(1, 40))
def test_a_piece_is_full_where_the_next_group_does_not_fit(shapes, max_images: int) -> None:
    pieces = [_groups(piece) for piece in micro_batches(_batch(shapes), max_images)]
    for piece, following in pairwise(pieces):
        images = sum(kind.num_images for kind, _, _ in piece)
        assert images + following[0][0].num_images > max_images


def test_without_a_limit_the_batch_comes_whole() -> None:
    batch = _batch([(2, 3), (1, 4)])
    (piece,) = micro_batches(batch, None)
    assert piece is batch
    assert not list(micro_batches((), None))
    assert not list(micro_batches((), 4))
