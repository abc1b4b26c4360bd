"""The listing keeps its order, and its digest knows content and no URL."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.errors import RecordError
from alignet_ray.records import listing as listing_record
from alignet_ray.records.digests import canonical_json, sha256
from alignet_ray.records.listing import (
    INDEX_NAME,
    LISTING_FOLDER,
    LISTING_SCHEMA,
    index_of,
    listing_sha256,
    read_index,
    read_rows,
    rows_sha256,
    write_listing,
)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.text("ab/ü.", min_size=1),
            "url": st.text(),
            "offset": st.integers(0, 1 << 60),
            "length": st.integers(0, 1 << 60),
            "label": st.none() | st.text("ab"),
        }
    ),
    min_size=1,
    max_size=20,
)


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(rows=ROWS)
@settings(max_examples=20)
def test_a_listing_comes_back_as_it_was(kind, rows, new_root):
    root = new_root(kind)
    table = pa.Table.from_pylist(rows, schema=LISTING_SCHEMA)
    assert write_listing(root, table) == read_index(root) == index_of(table)
    assert read_rows(root, index_of(table), 0, len(rows)).to_pylist() == rows


def test_any_run_of_rows_is_read_across_files_and_row_groups(root, make_listing, monkeypatch):
    monkeypatch.setattr(listing_record, "ROWS_PER_FILE", 12)
    monkeypatch.setattr(listing_record, "_ROW_GROUP_ROWS", 4)
    table = make_listing(31)
    index = write_listing(root, table)
    assert sorted(root.sizes(LISTING_FOLDER)) == [
        "000000.parquet", "000001.parquet", "000002.parquet", "listing.json",
    ]  # fmt: skip
    for start in range(0, 32, 5):
        for end in range(start, 34, 4):
            assert read_rows(root, index, start, end).equals(table.slice(start, end - start))


def test_some_columns_are_read_alone(root, make_listing):
    listing = make_listing(20)
    index = write_listing(root, listing)
    assert read_rows(root, index, 3, 9, ("label",)).equals(listing.select(["label"]).slice(3, 6))
    assert read_rows(root, index, 5, 5, ("label",)).column_names == ["label"]


def test_the_digest_does_not_know_where_the_images_lie(make_listing):
    assert listing_sha256(make_listing(9, "gs://a")) == listing_sha256(make_listing(9, "/b"))


@pytest.mark.parametrize("column", ["key", "length", "label"])
def test_the_digest_knows_content(make_listing, column):
    table = make_listing(9)
    values = table.column(column).to_pylist()
    values[4] = values[4] * 2
    place = table.column_names.index(column)
    other = table.set_column(place, table.schema.field(column), [values])
    assert listing_sha256(other) != listing_sha256(table)


def test_the_digest_knows_the_order(make_listing):
    table = make_listing(9)
    assert listing_sha256(table.take([1, 0, *range(2, 9)])) != listing_sha256(table)


def test_a_listing_without_its_index_is_not_finished(root, make_listing):
    write_listing(root, make_listing(3))
    root.delete(f"{LISTING_FOLDER}/{INDEX_NAME}")
    assert read_index(root) is None


@pytest.mark.parametrize("data", [b"{}", b'{"num_images": 1', b'{"a": 1}'])
def test_an_altered_index_is_a_record_error(root, data):
    root.write(f"{LISTING_FOLDER}/{INDEX_NAME}", data)
    with pytest.raises(RecordError, match=r"listing.json: "):
        read_index(root)


def test_the_files_have_digests_of_their_own(root, make_listing):
    index = write_listing(root, make_listing(9, "gs://a"))
    (digest,) = index.files_sha256
    assert digest == sha256(root.read(f"{LISTING_FOLDER}/000000.parquet"))
    elsewhere = write_listing(root, make_listing(9, "gs://b"))
    assert elsewhere == index, "where images lie is no part of what a listing is"
    assert elsewhere.files_sha256 != index.files_sha256
    assert read_index(root).files_sha256 == elsewhere.files_sha256


def test_an_index_that_names_no_files_is_read(root, make_listing):
    fields = vars(index_of(make_listing(9))) | {"files_sha256": ()}
    del fields["files_sha256"]
    root.write(f"{LISTING_FOLDER}/{INDEX_NAME}", canonical_json(fields))
    assert read_index(root) == index_of(make_listing(9))


def test_a_listing_in_pieces_has_the_digest_of_the_whole(make_listing):
    table = make_listing(9)
    assert rows_sha256([table.slice(0, 4), table.slice(4)]) == listing_sha256(table)
