"""Next week's extension must fit this week's shards, whatever was upgraded in between: tars of
every strategy are golden, from a pool and from the whole table. Nothing here is drawn by numpy.
"""

import hashlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.generation.labelling import make_shard
from alignet_ray.records.image_table import COLUMNS, IMAGES_FOLDER
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import part_name, write_part
from alignet_ray.records.shards import shard_folder, tar_name

SHARD = 3
POOL_ROWS = (64, 10_000)
# First digits of the SHA-256 of the tar, with each pool.
GOLDEN = {
    ("class_border", (2, 1)): ("88674d17102c9521", "9362a85dc93b7ff5"),
    ("class_border", (3, 3)): ("d955fe349ee9d74c", "bbf68c24bce968ce"),
    ("class_border", (4, 4, 4, 4)): ("a6aeea85e3a3324a", "1943dcb1efee8752"),
    ("cluster_border", (2, 1)): ("a0b7089681a2a64b", "dab4775fc04fac21"),
    ("cluster_border", (3, 3)): ("92cf2123c219f06c", "454b0153c41808cc"),
    ("cluster_border", (4, 4, 4, 4)): ("6702cb8785034c42", "397155eab9ff98d1"),
    ("random", (12,)): ("a281b404c1667805", "1be8c70c2760f667"),
    ("random", (3,)): ("47a0b5ef74f38da6", "9a0a55937a614453"),
    ("within_class", (3,)): ("033cbead787e17cb", "c4b86e59ce1a32f8"),
    ("within_class", (5,)): ("574d6e0e236e8d59", "9916d85022466a46"),
    ("within_cluster", (3,)): ("94ffca0e891744d4", "34a5ed5212112ef3"),
    ("within_cluster", (5,)): ("72de9ca487a98e6a", "8396f07ce03314a9"),
}


def set_images(table, images):
    folder = table.root.folder(IMAGES_FOLDER)
    for part in range(table.layout.num_parts):
        rows = read_parquet(folder, part_name(part), COLUMNS)
        column = pa.array([images[row] for row in table.layout.rows(part)], pa.binary())
        rows = rows.set_column(COLUMNS.index("image"), "image", column)
        write_part(folder, part, parquet_bytes(rows, table.layout.row_group_rows), "images", {})


@pytest.fixture
def literal_table(table):
    """A table whose images, clusters and embeddings are simple arithmetic."""
    rows = np.arange(table.layout.num_rows)
    rejected = [image is None for image in table.images]
    images = [hashlib.sha512(b"image %d" % row).digest()[: 1 + row % 64] for row in rows]
    set_images(table, [None if no else image for image, no in zip(images, rejected, strict=True)])
    vectors = ((rows[:, None] * 7919 + np.arange(11) * 104_729) % 97 - 48).astype(np.float32) / 8
    table.set_clusters(np.where(rejected, -1, rows * rows % 7 % 5), vectors)
    return table


@pytest.mark.parametrize("pool", [0, 1])
@pytest.mark.parametrize(("strategy", "blocks"), GOLDEN)
def test_tars_are_golden(literal_table, strategy, blocks, pool):
    request = literal_table.label_request(
        strategy=strategy, blocks=blocks, pool_rows=POOL_ROWS[pool]
    )
    request = replace(request, split=replace(request.split, groups_per_shard=20))
    make_shard(SHARD, request)
    tar = shard_folder(request.root, request.split.split).read(tar_name(SHARD))
    assert hashlib.sha256(tar).hexdigest().startswith(GOLDEN[strategy, blocks][pool])
