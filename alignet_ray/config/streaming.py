"""Settings of reading: the order of groups, and how they come from the shards."""

from dataclasses import dataclass

from alignet_ray.config.checks import at_least, within
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class StreamingConfig:
    """The order in which groups are read, and how they are fetched.

    Only `num_streams` and `shuffle_buffer` decide the order; the others are facts of a machine or
    of an accident, and may change when a run is resumed.
    """

    num_streams: int | None = None
    """Streams an epoch is cut into: divides groups_per_step; default at most 16 or the shards."""
    shuffle_buffer: int = 16
    """Groups that each stream holds to shuffle."""
    steps_ahead: int = 2
    """Decoded steps that wait for the model."""
    add_new_shards: bool = False
    """On resuming, let shards that were added to the runs join at the next epoch."""
    tolerate_bad_shards: bool = False
    """Leave out and count groups that are missing or broken, instead of stopping."""
    max_skipped_fraction: float = 0.1
    """Stop all the same where a worker misses more than this part of an epoch's groups."""
    cache: str | None = None
    """Local folder for copies of what is read from a bucket; workers of a machine share it."""
    cache_bytes: int = 100_000_000_000
    """Size of that folder; what was not used longest goes first."""

    def __post_init__(self) -> None:
        at_least("data.num_streams", self.num_streams, 1)
        at_least("data.shuffle_buffer", self.shuffle_buffer, 0)
        at_least("data.steps_ahead", self.steps_ahead, 1)
        at_least("data.cache_bytes", self.cache_bytes, 1)
        within("data.max_skipped_fraction", self.max_skipped_fraction, 0, 1)
        if self.cache is not None:
            cache = absolute_url(self.cache)
            if "://" in cache:
                raise ConfigError(cache, "a folder on this machine's disk", "--data.cache")
            object.__setattr__(self, "cache", cache)
