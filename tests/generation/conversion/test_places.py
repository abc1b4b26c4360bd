"""One range read gives exactly the stored image, and a part that changed is found out."""

import numpy as np
import pytest

from alignet_ray.errors import RecordError
from alignet_ray.generation.conversion.places import write_places
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import part_name, sidecar_name


def table_rows(world):
    folder = world.root.folder(IMAGES_FOLDER)
    columns = ("image", "extension", "key", "label", "reject_reason")
    return [
        row
        for part in range(world.layout.num_parts)
        for row in read_parquet(folder, part_name(part), columns).to_pylist()
    ]


def test_images_read_by_place_are_those_of_the_table(world):
    places, rows = world.load(), table_rows(world)
    wanted = np.array([11, 0, 5, 4])
    found = places.read_images(wanted)
    assert list(found) == wanted.tolist()
    for image_id, row in found.items():
        assert {name: row[name] for name in rows[image_id]} == rows[image_id]


def test_only_the_parts_of_the_named_images_are_loaded(world):
    places = world.load()
    assert set(places.part_digests(np.array([0, 1, 9]))) == {"000000", "000002"}
    assert places.rows(np.array([9, 0, 4])).tolist() == [9, 0, 4]


def test_rejects_are_known_by_key_and_reason(make_world):
    world = make_world(has_broken=True)
    world.make_table()
    broken = world.keys.index("cat/cat_000.jpg")
    found = world.load().rejects(np.arange(12))
    assert found == {broken: ("cat/cat_000.jpg", "not a JPEG, PNG or WebP image")}


def test_an_image_that_changed_since_is_refused(world):
    places, folder = world.load(), world.root.folder(IMAGES_FOLDER)
    data = bytearray(folder.read(part_name(0)))
    data[places.table.column("offset")[1].as_py() + 3] ^= 1
    folder.write(part_name(0), bytes(data))
    places.read_images(np.array([0]))
    with pytest.raises(RecordError, match=r"part-000000\.parquet: other bytes for "):
        places.read_images(np.array([1]))
    with pytest.raises(RecordError, match="another SHA-256 than its sidecar names"):
        write_places(0, world.places)


def test_a_part_says_of_which_bytes_its_places_are(world):
    folder = world.root.folder("triplets/places")
    assert world.load().digests[1] in folder.read(sidecar_name(1)).decode()
