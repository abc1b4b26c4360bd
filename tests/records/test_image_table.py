"""Images and embeddings come back to the bit; rejects keep their place and their reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.records.image_table import (
    COLUMNS,
    StoredImage,
    accepted_rows,
    embeddings,
    image_table,
)
from alignet_ray.records.parquet import parquet_bytes, read_parquet

ACCEPTED = st.builds(
    StoredImage,
    image=st.binary(max_size=50),
    extension=st.sampled_from(["jpg", "png"]),
    width=st.integers(1, 9999),
    height=st.integers(1, 9999),
    reject_reason=st.none(),
)
REJECTS = st.builds(
    StoredImage,
    image=st.none(),
    extension=st.just(""),
    width=st.just(0),
    height=st.just(0),
    reject_reason=st.text(),
)
STORED = st.lists(ACCEPTED | REJECTS, min_size=1, max_size=12)


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(stored=STORED, first=st.integers(0, 1 << 40), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_a_table_comes_back_as_it_was(kind, stored, first, seed, new_root, make_listing):
    vectors = np.random.default_rng(seed).normal(size=(len(stored), 5)).astype(np.float32)
    listing = make_listing(len(stored))
    rejected = np.array([item.reject_reason is not None for item in stored])
    vectors[rejected] = np.nan  # nothing of a reject's embedding may survive
    root = new_root(kind)
    root.write("part", parquet_bytes(image_table(listing, first, stored, vectors), 4))
    table = read_parquet(root, "part", COLUMNS)

    assert table.column("image_id").to_pylist() == list(range(first, first + len(stored)))
    for name in ("key", "label"):
        assert table.column(name).to_pylist() == listing.column(name).to_pylist()
    for name in ("image", "extension", "width", "height", "reject_reason"):
        assert table.column(name).to_pylist() == [getattr(item, name) for item in stored]
    np.testing.assert_array_equal(accepted_rows(table), ~rejected)
    found = embeddings(table)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[~rejected], vectors[~rejected])
    np.testing.assert_array_equal(found[rejected], 0)
    nulls = [value is None for value in table.column("embedding").to_pylist()]
    assert nulls == rejected.tolist()


def test_row_groups_read_alone_keep_their_embeddings(local_root, make_listing):
    vectors = np.arange(30, dtype=np.float32).reshape(10, 3)
    accepted = StoredImage(image=b"x", extension="jpg", width=1, height=1, reject_reason=None)
    reject = StoredImage(image=None, extension="", width=0, height=0, reject_reason="empty")
    stored = [accepted] * 5 + [reject] + [accepted] * 4
    data = parquet_bytes(image_table(make_listing(10), 0, stored, vectors), 4)
    local_root.write("part", data)
    table = read_parquet(local_root, "part", ("embedding",), [1, 2])
    expected = vectors[4:].copy()
    expected[1] = 0
    np.testing.assert_array_equal(embeddings(table), expected)


def test_a_table_without_embeddings_says_so_by_null(local_root, make_listing):
    stored = [StoredImage(image=b"x", extension="jpg", width=1, height=1, reject_reason=None)] * 3
    local_root.write("part", parquet_bytes(image_table(make_listing(3), 0, stored, None), 2))
    table = read_parquet(local_root, "part", ("image", "embedding"))
    assert table.column("embedding").null_count == 3
    assert table.column("image").to_pylist() == [b"x"] * 3
