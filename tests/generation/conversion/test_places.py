"""One range read gives exactly the stored image, and a part that changed is found out."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.errors import RecordError
from alignet_ray.generation.conversion.places import (
    PlacesRequest,
    image_offsets,
    load_places,
    write_places,
)
from alignet_ray.records.digests import canonical_json, sha256
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import part_name, read_sidecar, sidecar_name
from alignet_ray.records.store import Folder


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


def test_a_table_with_embeddings_of_another_run_will_do(table, tmp_path):
    images = table.root.folder(IMAGES_FOLDER)
    request = PlacesRequest(
        root=Folder.at(str(tmp_path / "borrower")), image_root=table.root, layout=table.layout,
        settings_digest="images",
    )  # fmt: skip
    digests = {}
    for part in range(table.layout.num_parts):
        data = images.read(part_name(part))
        record = {**read_sidecar(images, part), "sha256": sha256(data)}
        images.write(sidecar_name(part), canonical_json(record))
        write_places(part, request)
        digests[part] = record["sha256"]
    places = load_places(request, digests)
    accepted = np.flatnonzero([image is not None for image in table.images])
    found = places.read_images(accepted)
    assert {i: row["image"] for i, row in found.items()} == {
        int(i): table.images[i] for i in accepted
    }
    assert set(places.rejects(np.arange(len(table.images)))) == {
        row for row, image in enumerate(table.images) if image is None
    }


@given(
    st.lists(st.one_of(st.none(), st.binary(min_size=1, max_size=6)), min_size=1, max_size=30),
    st.integers(1, 8),
)
def test_every_image_is_found_where_its_bytes_are(images, row_group_rows):
    noise = [bytes(reversed(image or b"")) for image in images]
    table = pa.table({"before": noise, "image": pa.array(images, pa.binary()), "after": noise})
    data = parquet_bytes(table, row_group_rows)
    for image, offset in zip(images, image_offsets(data, images, "part"), strict=True):
        assert image is None or data[offset : offset + len(image)] == image


def test_images_that_are_not_there_as_they_are_is_a_broken_record():
    with pytest.raises(RecordError, match="part: its images are encoded"):
        image_offsets(b"something else", [b"image"], "part")
