"""A part of the table is one unit: decoded, embedded in fixed chunks, written with its sidecar."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import MismatchError, StorageError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.preprocessing import decode_image, to_pixels
from alignet_ray.records.image_table import COLUMNS, IMAGES_FOLDER, accepted_rows, embeddings
from alignet_ray.records.listed_image import ContentsDigest
from alignet_ray.records.listing import read_rows, write_listing
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import PartLayout, part_name, read_sidecar
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import (
    NOT_FINITE,
    Embedder,
    EmbedRequest,
    StoredFormat,
    decode_part,
    embed_missing_parts,
    write_embedded_part,
)
from alignet_ray.stages.sources import list_folder

TINY = BackboneConfig(
    name="test_vit", random_init=True, preprocessing=PreprocessingConfig(resolution=32),
    model_args=("img_size=32",),
)  # fmt: skip


@pytest.fixture
def photos(photo_folder):
    """Fourteen photographs and two files that are none."""
    folder = photo_folder(images_per_label=7)
    (folder / "cat" / "empty.jpg").write_bytes(b"")
    (folder / "dog" / "text.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def request_for(photos, tmp_path):
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    backbone = load_backbone(TINY)
    weights = tmp_path / "weights.pth"
    torch.save(backbone.trunk.state_dict(), weights)
    listing = list_folder(str(photos), 0)

    def make(name="run", **fields):
        root = Folder.at(str(tmp_path / name))
        plain = {
            "root": root, "index": write_listing(root, listing),
            "layout": PartLayout(num_rows=16, part_rows=6, row_group_rows=3),
            "backbone": replace(backbone.resolved, checkpoint=str(weights)), "plugins": (),
            "stored": StoredFormat(shorter_side=20, quality=90), "settings_digest": "images",
            "batch_size": 4, "precision": "float32", "device": "cpu", "threads": 1,
        }  # fmt: skip
        return EmbedRequest(**{**plain, **fields})

    yield make
    torch.set_num_threads(threads)


def embed_here(request, part):
    """What the pipeline does with one part, in this process."""
    row = Embedder(request)(decode_part({"part": part}, request=request))
    return write_embedded_part(row, request=request)


def part_of(request, part):
    return read_parquet(request.root.folder(IMAGES_FOLDER), part_name(part), COLUMNS)


def test_a_part_holds_its_listing_rows_and_the_backbones_vectors(request_for, photos):
    request = request_for()
    assert [embed_here(request, part)["num_images"] for part in range(3)] == [6, 6, 4]
    backbone = load_backbone(request.backbone.as_config())
    seen = []
    for part in range(3):
        table = part_of(request, part)
        assert table.column("image_id").to_pylist() == list(request.layout.rows(part))
        vectors, accepted = embeddings(table), accepted_rows(table)
        for row, vector, is_accepted in zip(table.to_pylist(), vectors, accepted, strict=True):
            seen.append(row["key"])
            if not is_accepted:
                continue
            image = decode_image((photos / row["key"]).read_bytes())
            pixels = to_pixels(image, request.backbone.preprocessing)
            with torch.no_grad():
                expected = backbone(torch.from_numpy(pixels[None].copy()))[0].numpy()
            np.testing.assert_allclose(vector, expected, rtol=1e-3, atol=1e-4)
            assert (row["width"], row["height"]) == image.size
            assert min(decode_image(row["image"]).size) == 20
            assert row["extension"] == "jpg"
    assert len(set(seen)) == 16


def test_rejects_keep_their_place_and_their_reason(request_for):
    request = request_for()
    for part in range(3):
        embed_here(request, part)
    rows = [row for part in range(3) for row in part_of(request, part).to_pylist()]
    rejects = {row["key"]: row["reject_reason"] for row in rows if row["reject_reason"]}
    assert rejects == {
        "cat/empty.jpg": "empty file",
        "dog/text.png": "not a JPEG, PNG or WebP image",
    }
    folder = request.root.folder(IMAGES_FOLDER)
    said = [read_sidecar(folder, part)["rejects"] for part in range(3)]
    assert {key: reason for one in said for key, reason in one.items()} == rejects


def test_the_same_part_has_the_same_bytes(request_for):
    requests = request_for("a"), request_for("b")
    for request in requests:
        embed_here(request, 1)
    texts = [r.root.folder(IMAGES_FOLDER).read(part_name(1)) for r in requests]
    assert texts[0] == texts[1]


def test_original_bytes_are_kept_where_they_are_asked_for(request_for, photos):
    request = request_for(stored=StoredFormat(keeps_original=True))
    embed_here(request, 0)
    for row in part_of(request, 0).to_pylist():
        if row["reject_reason"] is None:
            assert row["image"] == (photos / row["key"]).read_bytes()


def test_an_embedding_that_is_not_finite_is_a_reject(request_for):
    request = request_for()
    row = Embedder(request)(decode_part({"part": 0}, request=request))
    vectors = np.frombuffer(row["embeddings"], np.float32).reshape(6, -1).copy()
    first = next(n for n, item in enumerate(list_rows(request)) if item[-7:-4].isdigit())
    vectors[first, 1] = np.inf
    write_embedded_part({**row, "embeddings": vectors.tobytes()}, request=request)
    written = part_of(request, 0).to_pylist()[first]
    assert (written["reject_reason"], written["image"], written["embedding"]) == (
        NOT_FINITE, None, None
    )  # fmt: skip


def list_rows(request):
    return read_rows(request.root, request.index, 0, 6).column("key").to_pylist()


def test_an_image_that_is_gone_stops_the_job(request_for, photos):
    request = request_for()
    (photos / list_rows(request)[0]).unlink()
    with pytest.raises(StorageError, match="not found"):
        decode_part({"part": 0}, request=request)


def test_an_image_that_has_grown_stops_the_job(request_for, photos):
    request = request_for()
    with (photos / list_rows(request)[0]).open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(MismatchError, match="bytes as when it was listed"):
        decode_part({"part": 0}, request=request)


def test_an_image_that_is_not_the_one_of_the_digest_stops_the_job(request_for, photos):
    request = request_for()
    contents = ContentsDigest()
    for key in list_rows(request):
        contents.add((photos / key).read_bytes())
    request = replace(request, contents=(contents.sha256, "", ""))
    assert decode_part({"part": 0}, request=request)["part"] == 0
    path = photos / list_rows(request)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(MismatchError, match="an image was changed"):
        decode_part({"part": 0}, request=request)


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_only_missing_parts_are_made_and_they_are_those_of_one_process(request_for):
    on_ray, here = request_for("ray"), request_for("here")
    resources = Resources(device="cpu", num_actors=1, progress=False)
    assert embed_missing_parts(on_ray, resources) == [0, 1, 2]
    for part in range(3):
        embed_here(here, part)
    folders = [r.root.folder(IMAGES_FOLDER) for r in (on_ray, here)]
    for part in range(3):
        assert folders[0].read(part_name(part)) == folders[1].read(part_name(part))
    folders[0].delete(part_name(1))
    assert embed_missing_parts(on_ray, resources) == [1]
    assert folders[0].read(part_name(1)) == folders[1].read(part_name(1))
    assert embed_missing_parts(on_ray, resources) == []
