"""The stored copies are those of embedding; nothing claims an embedding."""

import numpy as np
import pytest

from alignet_ray.errors import MismatchError
from alignet_ray.models.preprocessing import decode_image, stored_copy
from alignet_ray.records.image_table import COLUMNS, IMAGES_FOLDER
from alignet_ray.records.listing import write_listing
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import PartLayout, part_name, read_sidecar
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import StoredFormat
from alignet_ray.stages.sources import list_folder
from alignet_ray.stages.store_images import StoreRequest, store_part


@pytest.fixture
def request_of(photo_folder, tmp_path):
    def make(stored):
        photos = photo_folder()
        (photos / "cat" / "000.jpg").write_bytes(b"broken")
        root, listing = Folder.at(str(tmp_path / "run")), list_folder(str(photos), 0)
        layout = PartLayout(num_rows=listing.num_rows, part_rows=4, row_group_rows=2)
        index = write_listing(root, listing)
        return photos, StoreRequest(
            root=root, index=index, layout=layout, stored=stored, settings_digest="d"
        )

    return make


@pytest.mark.parametrize("keeps_original", [False, True])
def test_images_are_stored_and_embeddings_are_null(request_of, keeps_original):
    photos, request = request_of(StoredFormat(shorter_side=16, keeps_original=keeps_original))
    folder = request.root.folder(IMAGES_FOLDER)
    assert [store_part(part, request) for part in range(2)] == [4, 2]
    rows = [r for p in range(2) for r in read_parquet(folder, part_name(p), COLUMNS).to_pylist()]
    assert [row["image_id"] for row in rows] == list(range(6))
    for row in rows:
        assert row["embedding"] is None
        if row["key"] == "cat/000.jpg":
            assert (row["image"], row["reject_reason"]) == (None, "not a JPEG, PNG or WebP image")
            continue
        data = (photos / row["key"]).read_bytes()
        image = decode_image(data)
        copy = data if keeps_original else stored_copy(image, shorter_side=16, quality=90)
        assert row["image"] == copy
        assert (row["width"], row["height"]) == image.size
        assert np.asarray(decode_image(row["image"])).size
    rejects = {k: v for p in range(2) for k, v in read_sidecar(folder, p)["rejects"].items()}
    assert rejects == {"cat/000.jpg": "not a JPEG, PNG or WebP image"}


def test_a_file_that_changed_since_it_was_listed_is_refused(request_of):
    photos, request = request_of(StoredFormat())
    (photos / "dog" / "001.jpg").write_bytes(b"longer or shorter than before")
    part = list_folder(str(photos), 0).column("key").to_pylist().index("dog/001.jpg") // 4
    with pytest.raises(MismatchError, match=r"dog/001\.jpg"):
        store_part(part, request)
