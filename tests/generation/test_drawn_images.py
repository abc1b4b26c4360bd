"""Drawn images are what the tables hold of them, whichever parts and row groups they lie in."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignet_ray.generation import drawn_images
from alignet_ray.generation.drawn_images import read_drawn
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER

ACCEPTED = [row for row in range(150) if row not in {7, 40, 41, 149}]
ROWS = st.sets(st.sampled_from(ACCEPTED), min_size=1).map(lambda rows: np.array(sorted(rows)))


def read(table, rows):
    folders = [table.root.folder(name) for name in (IMAGES_FOLDER, CLUSTERS_FOLDER)]
    return read_drawn(*folders, table.layout, rows)


@given(ROWS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_drawn_images_are_the_rows_of_the_tables(table, rows):
    found = read(table, rows)
    assert found.image_ids.tolist() == rows.tolist()
    assert found.images == [table.images[row] for row in rows]
    assert found.extensions == ["jpg" if row % 3 else "png" for row in rows]
    assert found.labels == [table.labels[row] for row in rows]
    assert found.keys == [f"{table.labels[row] or 'none'}/{row:04d}.jpg" for row in rows]
    np.testing.assert_array_equal(found.embeddings, table.vectors[rows])


def test_only_row_groups_that_hold_a_drawn_image_are_read(table, monkeypatch):
    asked = set()

    def spy(folder, name, columns, row_groups, num_bytes):
        asked.update((name, group) for group in row_groups)
        return read_parquet(folder, name, columns, row_groups, num_bytes)

    read_parquet = drawn_images.read_parquet
    monkeypatch.setattr(drawn_images, "read_parquet", spy)
    read(table, np.array([3, 35, 36, 63, 130]))
    parts = [("part-000000.parquet", 0), ("part-000001.parquet", 0), ("part-000001.parquet", 3)]
    assert asked == {*parts, ("part-000004.parquet", 0)}
