"""Other images come from a run's table or an array, of the same backbone, a seeded sample."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.errors import AlignetError, InputError
from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.listing import LISTING_SCHEMA, write_listing
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import write_part
from alignet_ray.records.run import RunSettings, freeze_settings
from alignet_ray.records.store import Folder
from alignet_ray.teaching.local_images import read_local_images

DIM, NUM_IMAGES, PART_ROWS, GROUP_ROWS = 5, 40, 16, 4
REJECTED = {3, 21}
BACKBONE = ResolvedBackbone(
    name="tiny",
    model_args=(),
    representation="pre_logits",
    preprocessing=Preprocessing(
        resolution=8, resize="squash", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.5,) * 3, std=(0.5,) * 3,
    ),
    dim=DIM,
    weights_sha256="abc",
)  # fmt: skip
VECTORS = np.random.default_rng(0).normal(size=(NUM_IMAGES, DIM)).astype(np.float32)


def write_run(root, **images):
    settings = {
        "backbone": BACKBONE.identity(), "part_rows": PART_ROWS, "row_group_rows": GROUP_ROWS,
    }  # fmt: skip
    own = RunSettings(images=settings | images, clusters={}, shards={})
    freeze_settings(root, own)
    columns = {"key": [f"{i}.jpg" for i in range(NUM_IMAGES)], "url": ["u"] * NUM_IMAGES}
    columns |= {"offset": [None] * NUM_IMAGES, "length": [1] * NUM_IMAGES}
    listing = pa.table(columns | {"label": [None] * NUM_IMAGES}, schema=LISTING_SCHEMA)
    write_listing(root, listing)
    for part, start in enumerate(range(0, NUM_IMAGES, PART_ROWS)):
        rows = range(start, min(start + PART_ROWS, NUM_IMAGES))
        stored = [
            StoredImage(
                image=None if row in REJECTED else b"x", extension="jpg", width=1, height=1,
                reject_reason="broken" if row in REJECTED else None,
            )
            for row in rows
        ]  # fmt: skip
        table = image_table(listing.slice(start, len(rows)), start, stored, VECTORS[list(rows)])
        data = parquet_bytes(table, GROUP_ROWS)
        write_part(root.folder(IMAGES_FOLDER), part, data, own.images_digest, {})
    return root.url


def read(url, count=1000, seed=0, backbone=BACKBONE):
    return read_local_images(url, backbone, count=count, seed=seed)


def rows_of(found):
    return [int(np.flatnonzero((row == VECTORS).all(axis=1))[0]) for row in found]


@pytest.fixture
def run(tmp_path):
    return write_run(Folder.at(str(tmp_path / "run")))


def test_all_accepted_images_of_a_run_at_most(run):
    assert sorted(rows_of(read(run))) == [i for i in range(NUM_IMAGES) if i not in REJECTED]


def test_a_sample_is_of_whole_row_groups_and_of_the_seed(run):
    first, again, other = (rows_of(read(run, 10, seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert len(set(first)) == 10
    groups = {row // GROUP_ROWS for row in first}
    assert len(groups) <= 4, "no more is read than is taken"


def test_a_borrowed_table_is_read_where_it_lies(run, tmp_path):
    borrower = Folder.at(str(tmp_path / "borrower"))
    freeze_settings(borrower, RunSettings(images={}, clusters={}, shards={}, images_from=run))
    assert len(read(borrower.url)) == NUM_IMAGES - len(REJECTED)


def test_an_array_is_sampled_too(tmp_path):
    path = str(tmp_path / "others.npy")
    np.save(path, VECTORS.astype(np.float64))
    assert sorted(rows_of(read(path))) == list(range(NUM_IMAGES))
    assert len(set(rows_of(read(path, 7)))) == 7


def test_another_backbone_is_refused_by_name(run):
    other = replace(BACKBONE, weights_sha256="def")
    with pytest.raises(InputError, match="different weights_sha256"):
        read(run, backbone=other)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, DIM + 1)), "images x 5"),
        (np.zeros(4), "images x 5"),
        (np.zeros((4, DIM), dtype=np.int64), "floating-point"),
        (np.full((4, DIM), np.nan), "NaN"),
        (np.zeros((1, DIM)), "1 images"),
    ],
)
def test_arrays_of_no_use_are_refused(tmp_path, array, message):
    path = str(tmp_path / "others.npy")
    np.save(path, array)
    with pytest.raises(InputError, match=message):
        read(path)


def test_runs_of_no_use_are_refused(tmp_path, run):
    with pytest.raises(InputError, match="no run with images"):
        read(str(tmp_path / "nothing"))
    converted = write_run(Folder.at(str(tmp_path / "converted")), backbone=None)
    with pytest.raises(InputError, match="made by convert"):
        read(converted)
    Folder.at(run).folder(IMAGES_FOLDER).delete("part-000001.parquet")
    with pytest.raises(AlignetError, match="1 of 3 parts"):
        read(run)
