"""A part whose SHA-256 is right is still found where its rows are not what they must be."""

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.records.image_table import embeddings
from alignet_ray.records.parquet import column_to_vectors, vectors_to_column

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def column_with(table, name, row, value):
    values = table.column(name).to_pylist()
    values[row] = value
    place = table.column_names.index(name)
    field = table.schema.field(name)
    return table.set_column(place, field, pa.array(values, field.type))


def with_vector(table, row, value):
    vectors = column_to_vectors(table.column("embedding")).copy()
    vectors[row] = value
    place = table.column_names.index("embedding")
    return table.set_column(place, "embedding", vectors_to_column(vectors))


def row_of(table, *, rejected):
    is_null = np.asarray(table.column("reject_reason").is_null())
    return int(np.flatnonzero(is_null != rejected)[0])


IMAGES = {
    "other image ids": lambda t: column_with(t, "image_id", 3, 99),
    "another key": lambda t: column_with(t, "key", 3, "elsewhere.jpg"),
    "another label": lambda t: column_with(t, "label", 3, None),
    "rejects": lambda t: column_with(t, "reject_reason", row_of(t, rejected=True), "other"),
    "no stored image": lambda t: column_with(t, "image", row_of(t, rejected=False), None),
    "a stored image": lambda t: column_with(t, "image", row_of(t, rejected=True), b"bytes"),
    "not a JPEG, PNG or WebP": lambda t: column_with(t, "image", row_of(t, rejected=False), b"?"),
    "has the extension": lambda t: column_with(t, "extension", row_of(t, rejected=False), "png"),
    "embeddings of other rows": lambda t: column_with(
        t, "embedding", row_of(t, rejected=False), None
    ),
    "columns": lambda t: t.drop_columns(["width"]),
    "rows 15": lambda t: t.slice(0, 15),
    "column width is int64": lambda t: t.set_column(5, "width", t.column("width").cast("int64")),
}


@pytest.mark.parametrize("said", IMAGES)
def test_a_forged_part_of_the_image_table_is_found(run, said):
    run.forge_part("images", 1, IMAGES[said])
    found = {str(p.record): str(p) for p in run.problems()}
    assert said in found["part 1 of the image table"]


def test_an_embedding_that_is_not_finite_is_found(run):
    def spoil(table):
        vectors, row = embeddings(table).copy(), row_of(table, rejected=False)
        vectors[row, 0] = np.nan
        valid = np.asarray(table.column("embedding").combine_chunks().is_valid())
        column = pa.array(
            [v if ok else None for v, ok in zip(vectors.tolist(), valid, strict=True)]
        )
        field = table.schema.field("embedding")
        return table.set_column(7, field, column.cast(field.type))

    run.forge_part("images", 1, spoil)
    found = {str(p.record): str(p) for p in run.problems()}
    assert "is not finite" in found["part 1 of the image table"]


def test_other_row_groups_than_readers_count_on_are_found(run):
    run.forge_part("images", 1, lambda table: table, row_group_rows=16)
    found = {str(p.record): str(p) for p in run.problems()}
    assert "rows in row groups [16]; expected [8, 8]" in found["part 1 of the image table"]


@pytest.mark.parametrize(
    ("name", "value"), [("part", 2), ("digest", "0"), ("num_images", 15), ("rejects", {})]
)
def test_an_edited_sidecar_is_found(run, name, value):
    run.edit_json("images/part-000001.json", lambda fields: fields.update({name: value}))
    assert "part 1 of the image table" in run.broken()


def reject_of(table):
    return table.column("cluster_id").to_pylist().index(-1)


CLUSTERS = {
    "is not finite": lambda t: with_vector(t, 2, np.nan),
    "the image table's own": lambda t: with_vector(t, 2, 0.5),
    "a reject; expected zeros": lambda t: with_vector(t, reject_of(t), 1.0),
    "exactly for rejects": lambda t: column_with(t, "cluster_id", reject_of(t), 0),
    "-1 to below 5": lambda t: column_with(t, "cluster_id", 2, 5),
    "its nearest centroid": lambda t: column_with(
        t, "cluster_id", 2, (t.column("cluster_id").to_pylist()[2] + 1) % 5
    ),
    "an embedding in every row": lambda t: column_with(t, "cluster_id", 2, None),
}


@pytest.mark.parametrize("said", CLUSTERS)
def test_a_forged_part_of_the_clusters_is_found(run, said):
    run.forge_part("clusters", 1, CLUSTERS[said])
    found = {str(p.record): str(p) for p in run.problems()}
    assert said in found["part 1 of the clusters"]


def test_a_part_of_other_settings_is_found(run):
    run.edit_json("clusters/part-000003.json", lambda fields: fields.update(digest="other"))
    (problem,) = run.problems()
    assert "settings' digest 'other'" in str(problem)


def test_a_re_made_part_that_differs_is_found_in_the_shards_that_read_it(run):
    run.forge_part("clusters", 3, lambda table: table.replace_schema_metadata({"a": "b"}))
    found = run.problems()
    assert {p.record.kind for p in found} == {"shard"}
    assert all("another part 3 of clusters/" in p.wrong for p in found)
