"""Names become ids; what cannot be shown is counted and left out; the parts are arithmetic."""

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.errors import InputError
from alignet_ray.generation.conversion import released
from alignet_ray.generation.conversion.triplets import (
    INDEX_NAME,
    current_index,
    read_index,
    read_triplets,
    triplet_folder,
)
from alignet_ray.records.digests import digest

COUNT = 21


@pytest.fixture
def released_file(make_world, make_triplets, write_npz, monkeypatch):
    monkeypatch.setattr(released, "ROWS_AT_ONCE", 5)
    world = make_world()
    names, similarities = make_triplets([key.split("/")[1] for key in world.keys], COUNT)
    return world, names, similarities, write_npz(filenames=names, similarities=similarities)


def resolved(world, start=0, end=None):
    index = read_index(world.root, "train")
    end = index.num_triplets if end is None else end
    return read_triplets(triplet_folder(world.root, "train"), index.layout, start, end)


def ids_of(world, names):
    rows = {key.split("/")[1]: row for row, key in enumerate(world.keys)}
    return np.vectorize(rows.__getitem__)(names)


def test_names_become_ids_in_the_files_order(released_file):
    world, names, similarities, url = released_file
    world.resolve(url)
    ids, found = resolved(world)
    assert np.array_equal(ids, ids_of(world, names))
    assert np.array_equal(found, similarities)
    assert read_index(world.root, "train").num_images == len(np.unique(ids))


@pytest.mark.parametrize(("start", "end"), [(0, 4), (3, 9), (7, 21), (8, 16), (20, 21)])
def test_any_run_of_rows_can_be_read(released_file, start, end):
    world, names, similarities, url = released_file
    world.resolve(url)
    ids, found = resolved(world, start, end)
    assert np.array_equal(ids, ids_of(world, names)[start:end])
    assert np.array_equal(found, similarities[start:end])


def test_missing_and_rejected_images_are_dropped_and_counted(released_file, write_npz):
    world, names, similarities, _ = released_file
    names = names.astype("U40")
    names[4, 1] = names[11, 0] = "nobody.jpg"
    rejected = int(ids_of(world, names[0])[0])
    world.resolve(write_npz(filenames=names, similarities=similarities), rejected=[rejected])
    is_missing = (names == "nobody.jpg").any(axis=1)
    is_broken = (names == world.keys[rejected].split("/")[1]).any(axis=1)
    kept = ~(is_missing | is_broken)
    index = read_index(world.root, "train")
    assert index.num_triplets == kept.sum()
    assert index.num_missing == 2
    assert index.num_rejected == (is_broken & ~is_missing).sum()
    assert np.array_equal(resolved(world)[0], ids_of(world, names[kept]))


def test_fewer_triplets_leave_no_part_behind(released_file):
    world, _, _, url = released_file
    folder = triplet_folder(world.root, "train")
    world.resolve(url)
    assert "part-000002.json" in folder.sizes()
    world.resolve(url, max_rows=9)
    assert not {"part-000002.json", "part-000002.parquet"} & folder.sizes().keys()
    assert read_index(world.root, "train").num_triplets == 9


def test_nothing_left_is_refused_and_not_finished(released_file):
    world, _, _, url = released_file
    with pytest.raises(InputError, match="all 21 triplets show a missing or rejected image"):
        world.resolve(url, rejected=range(12))
    assert read_index(world.root, "train") is None


def test_an_index_counts_only_with_its_parts_and_for_what_it_was_made(released_file):
    world, _, _, url = released_file
    world.resolve(url)
    root, none = world.root, digest([])
    assert current_index(root, "train", "shards", none) == read_index(root, "train")
    assert current_index(root, "train", "others", none) is None
    assert current_index(root, "train", "shards", digest([3])) is None
    triplet_folder(root, "train").delete("part-000001.parquet")
    assert current_index(root, "train", "shards", none) is None


def test_a_killed_pass_is_not_finished_and_the_next_makes_the_same_bytes(
    released_file, monkeypatch
):
    world, _, _, url = released_file
    folder = triplet_folder(world.root, "train")
    world.resolve(url)
    before = {name: folder.read(name) for name in folder.sizes()}
    with monkeypatch.context() as patch:
        stop = KeyboardInterrupt("killed")
        patch.setattr(
            "alignet_ray.generation.conversion.triplets.write_part",
            lambda *_: (_ for _ in ()).throw(stop),
        )
        with pytest.raises(KeyboardInterrupt):
            world.resolve(url)
    assert INDEX_NAME not in folder.sizes()
    folder.delete("part-000001.parquet")
    world.resolve(url)
    assert {name: folder.read(name) for name in folder.sizes()} == before


def test_columns_are_ids_and_float32(released_file):
    world, _, _, url = released_file
    world.resolve(url)
    schema = pa.parquet.read_schema(triplet_folder(world.root, "train").path("part-000000.parquet"))
    assert schema.names == ["image_0", "image_1", "image_2", "s01", "s02", "s12"]
    assert set(schema.types) == {pa.int64(), pa.float32()}
