"""A rank's share of a step cut into passes that fit memory: whole groups, in their order."""

from collections.abc import Iterator
from dataclasses import replace

from alignet_ray.training.data import Batch, Part


def micro_batches(batch: Batch, max_images: int | None) -> Iterator[Batch]:
    """The batch in pieces of at most `max_images` images; a larger group is a piece of its own.

    Nothing comes of an empty batch; without a limit the batch comes whole.
    """
    if max_images is None:
        yield from [batch] if batch else []
        return
    piece: list[Part] = []
    room = max_images
    for part in batch:
        done, num_groups, size = 0, *part.pixels.shape[:2]
        while done < num_groups:
            fitting = min(max(0, room) // size, num_groups - done)
            if not fitting and piece:
                yield tuple(piece)
                piece, room = [], max_images
                continue
            taken = max(1, fitting)
            piece.append(_groups(part, done, done + taken))
            room -= taken * size
            done += taken
    if piece:
        yield tuple(piece)


def _groups(part: Part, first: int, last: int) -> Part:
    return replace(part, pixels=part.pixels[first:last], similarities=part.similarities[first:last])
