"""Settings of reading: the order of groups, and how they come from the shards."""

from dataclasses import dataclass

from alignet_ray.config.checks import at_least


@dataclass(frozen=True, kw_only=True)
class StreamingConfig:
    """The order in which groups are read."""

    num_streams: int | None = None
    """Streams an epoch is cut into: divides groups_per_step; default at most 16 or the shards."""
    shuffle_buffer: int = 16
    """Groups that each stream holds to shuffle."""

    def __post_init__(self) -> None:
        at_least("data.num_streams", self.num_streams, 1)
        at_least("data.shuffle_buffer", self.shuffle_buffer, 0)
