"""How many requests a run makes of an object store: arithmetic on what one part and one shard ask.

The constants were counted at the store (`benchmarks/store_requests.py`), with parts above a
megabyte, which are read by ranges. Stores charge for writing and listing about twelve times what
they charge for reading, so the two are told apart; deletions cost nothing.
"""

from dataclasses import dataclass

_NAMES_PER_PAGE = 1000
_FILES_PER_PART = 2
_LISTINGS_PER_CALL = 4
"""Of a folder of parts: what is missing of the images, twice, of the clusters, what to forget."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Writing and listing (Google's class A), and reading (class B)."""

    writes: int | float
    reads: int | float

    def times(self, count: int) -> "Requests":
        """So many of them."""
        return Requests(writes=count * self.writes, reads=count * self.reads)

    def __add__(self, other: "Requests") -> "Requests":
        return Requests(writes=self.writes + other.writes, reads=self.reads + other.reads)


PART_EMBEDDED = Requests(writes=4, reads=7)
"""Twice the part's rows of the listing, the part and its sidecar; the images come on top."""
PART_ASSIGNED = Requests(writes=2, reads=4)
"""Sidecar, footer, centroids and their index; each row group comes on top."""
PART_SURVEYED = Requests(writes=0, reads=3)
"""Both sidecars before the clusters, one again for their sizes: in every call."""
SHARD = Requests(writes=3, reads=4)
"""Tar and sidecar, and whether they are there; the line in the manifest."""
PART_OF_POOL = Requests(writes=0, reads=4.75)
"""Two sidecars, footers of the image and the cluster part."""
ROW_GROUP_OF_POOL = Requests(writes=0, reads=3.25)
"""Cluster ids, images, embeddings."""


def requests_of_parts(
    *, num_parts: int, num_to_embed: int, num_to_assign: int, num_images: int, row_groups: int
) -> Requests:
    """Of listing, embedding and assigning: `num_images` are those to read from their source, one
    request each; `row_groups` are those of a part.
    """
    pages = -(-_FILES_PER_PART * num_parts // _NAMES_PER_PAGE)
    assigned = PART_ASSIGNED + Requests(writes=0, reads=row_groups)
    return (
        Requests(writes=_LISTINGS_PER_CALL * pages, reads=num_images)
        + PART_EMBEDDED.times(num_to_embed)
        + assigned.times(num_to_assign)
        + PART_SURVEYED.times(num_parts)
    )


def requests_of_shards(*, num_shards: int, pool_row_groups: int, num_parts: int) -> Requests:
    """Of shards that draw from so many row groups of a split's `num_parts`, each in as many
    parts as can be.
    """
    opened = PART_OF_POOL.times(min(pool_row_groups, num_parts))
    return (SHARD + opened + ROW_GROUP_OF_POOL.times(pool_row_groups)).times(num_shards)
