"""Random streams whose words never change between versions of numpy.

A stream is a Philox counter generator keyed by SHA-256 of (seed, stage, split, shard). Only its
raw 64-bit words are used; bounded integers, sampling without replacement and permutations are
made from them here, because numpy may change `choice` and `permutation`, and then next week's
extension would not fit this week's shards. Golden vectors stand in the tests.
"""

import hashlib

import numpy as np
from jaxtyping import Int, UInt64

Words = UInt64[np.ndarray, "..."]

_KEY_BYTES = 16
_WORD_RANGE = 1 << 64


class RandomStream:
    """One independent stream of 64-bit words, named by what it is for."""

    def __init__(self, seed: int, *name: str | int) -> None:
        text = "\x1f".join([str(seed), *map(str, name)])
        key = hashlib.sha256(text.encode()).digest()[:_KEY_BYTES]
        self._bits = np.random.Philox(key=int.from_bytes(key, "little"))

    def words(self, count: int) -> Words:
        """The next `count` raw words."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def integers(self, bounds: Int[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape"]:
        """One uniform integer in [0, bound) per bound: `word % bound`, biased words redrawn.

        All first words are drawn in order, then one more for each rejected place in order,
        until none is rejected. Bounds are at least 1.
        """
        flat = bounds.astype(np.uint64).ravel()
        result = np.zeros(flat.shape, dtype=np.uint64)
        pending = np.arange(flat.size)
        while pending.size:
            words = self.words(pending.size)
            limits = flat[pending]
            excess = (np.uint64(_WORD_RANGE - 1) % limits + np.uint64(1)) % limits
            accepted = words <= np.uint64(_WORD_RANGE - 1) - excess
            result[pending[accepted]] = words[accepted] % limits[accepted]
            pending = pending[~accepted]
        return result.astype(np.int64).reshape(bounds.shape)

    def distinct_integers(
        self, sizes: Int[np.ndarray, "rows"], count: int
    ) -> Int[np.ndarray, "rows {count}"]:
        """Per row, `count` distinct integers of [0, size), every ordered choice equally likely.

        Partial Fisher-Yates: step j swaps place j with place j + r_j, r_j in [0, size - j).
        Only the `count` swaps are kept, never the array of `size` places. Sizes >= count.
        """
        steps = np.arange(count)
        targets = steps + self.integers(sizes[:, None] - steps)
        chosen = np.empty_like(targets)
        moved = np.empty_like(targets)
        for step in range(count):
            chosen[:, step] = _content(targets[:, step], targets, moved, step)
            moved[:, step] = _content(np.full(len(sizes), step), targets, moved, step)
        return chosen

    def permutation(self, size: int) -> Int[np.ndarray, "{size}"]:
        """A uniform permutation of [0, size): the order of `size` words, ties by index."""
        return np.argsort(self.words(size), kind="stable").astype(np.int64)


def _content(
    places: Int[np.ndarray, "rows"],
    targets: Int[np.ndarray, "rows count"],
    moved: Int[np.ndarray, "rows count"],
    step: int,
) -> Int[np.ndarray, "rows"]:
    """What lies at `places` after the first `step` swaps: the last swap that wrote there wins."""
    if step == 0:
        return places.copy()
    hits = targets[:, :step] == places[:, None]
    last = step - 1 - np.argmax(hits[:, ::-1], axis=1)
    rows = np.arange(len(places))
    return np.where(hits.any(axis=1), moved[rows, last], places)
