"""Sums of what parts and shards ask of a store; the store's own count is a benchmark."""

from alignet_ray.generation.requests import (
    PART_ASSIGNED,
    PART_EMBEDDED,
    PART_SURVEYED,
    SHARD,
    Requests,
    requests_of_parts,
    requests_of_shards,
)


def parts(**changes) -> Requests:
    plain = {
        "num_parts": 500, "num_to_embed": 0, "num_to_assign": 0, "num_images": 0, "row_groups": 4,
    }  # fmt: skip
    return requests_of_parts(**{**plain, **changes})


def test_a_finished_run_asks_for_its_listings_and_sidecars_alone():
    assert parts() == Requests(writes=4, reads=500 * PART_SURVEYED.reads)
    assert parts(num_parts=501).writes == 8


def test_each_part_and_each_image_comes_on_top():
    embedded = parts(num_to_embed=500, num_images=256_000)
    assert embedded.writes - parts().writes == 500 * PART_EMBEDDED.writes
    assert embedded.reads - parts().reads == 256_000 + 500 * PART_EMBEDDED.reads
    assigned = parts(num_to_assign=10)
    assert assigned.reads - parts().reads == 10 * (PART_ASSIGNED.reads + 4)


def test_a_shard_asks_as_was_counted_and_the_same_of_any_larger_table():
    """Counted: 35 reads and 3 writes for a pool of 4 row groups in 4 parts, 67 for 8; the line of
    the manifest is one more."""
    for row_groups, reads in ((4, 35), (8, 67)):
        found = requests_of_shards(num_shards=1, pool_row_groups=row_groups, num_parts=24)
        assert found == Requests(writes=3, reads=reads + 1)
    few, many = (
        requests_of_shards(num_shards=10, pool_row_groups=128, num_parts=n) for n in (200, 10**6)
    )
    assert few == many
    assert few.writes == 10 * SHARD.writes
