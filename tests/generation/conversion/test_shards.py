"""A shard of converted triplets is a pure function of its rows and the image table."""

import json

import numpy as np
import pytest

from alignet_ray.functional.groups import num_triplets
from alignet_ray.generation.conversion.plan import triplet_blocks
from alignet_ray.generation.conversion.shards import make_shard
from alignet_ray.generation.conversion.triplets import read_triplets, triplet_folder
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parts import part_name, sidecar_name
from alignet_ray.records.shards import read_groups, read_sidecar, shard_folder, tar_name

COUNT = 21


@pytest.fixture
def made(world, make_triplets, write_npz):
    names, similarities = make_triplets(world.keys, COUNT)
    world.resolve(write_npz(filenames=names, similarities=similarities))
    world.make_shards(COUNT)
    return world


def shards_of(world):
    folder = shard_folder(world.root, "train")
    return {name: folder.read(name) for name in folder.sizes()}


def test_samples_are_the_triplets_in_order(made):
    folder, request = shard_folder(made.root, "train"), made.shards(COUNT)
    groups = []
    for shard in range(request.num_shards):
        record = read_sidecar(folder, shard)
        groups += read_groups(folder, record, 0, record.num_groups)
    ids, similarities = read_triplets(triplet_folder(made.root, "train"), request.layout, 0, COUNT)
    images = made.load().read_images(np.arange(12))
    assert len(groups) == COUNT
    for group, triplet, pairs in zip(groups, ids.tolist(), similarities, strict=True):
        assert group.image_ids == tuple(triplet)
        assert group.images == tuple(images[i]["image"] for i in triplet)
        assert group.keys == tuple(made.keys[i] for i in triplet)
        assert group.labels == tuple(made.keys[i].split("/")[0] for i in triplet)
        gram = group.similarities
        assert [gram[0, 1], gram[0, 2], gram[1, 2]] == pairs.tolist()
        assert np.array_equal(gram, gram.T)
        assert not gram.diagonal().any()
        assert group.cluster_ids == (-1, -1, -1)
        assert (group.strategy, group.blocks) == ("cluster_border", (2, 1))


@pytest.mark.parametrize(
    ("strategy", "blocks"),
    [
        ("cluster_border", (2, 1)), ("class_border", (2, 1)), ("random", (3,)),
        ("within_cluster", (3,)), ("within_class", (3,)),
    ],
)  # fmt: skip
def test_every_strategy_has_one_triplet_in_its_blocks(strategy, blocks):
    assert triplet_blocks(strategy) == blocks
    assert num_triplets(strategy, blocks) == 1


def test_a_sidecar_names_the_parts_that_were_read(made):
    record = read_sidecar(shard_folder(made.root, "train"), 1)
    assert set(record.parts) == {"images", "triplets/train"}
    assert set(record.parts["triplets/train"]) == {"000000", "000001"}
    for name, parts in record.parts.items():
        for part, sha256 in parts.items():
            sidecar = json.loads(made.root.folder(name).read(sidecar_name(int(part))))
            assert sidecar["sha256"] == sha256


def test_the_last_shard_is_shorter(made):
    folder = shard_folder(made.root, "train")
    assert [read_sidecar(folder, shard).num_groups for shard in range(4)] == [6, 6, 6, 3]


def test_a_finished_shard_is_kept_and_an_unfinished_one_made_with_the_same_bytes(made):
    before, folder = shards_of(made), shard_folder(made.root, "train")
    request, places = made.shards(COUNT), made.load()
    _, is_new = make_shard(0, request, places)
    assert not is_new
    folder.delete("000000.json")  # killed between the tar and its sidecar
    folder.write(tar_name(1), folder.read(tar_name(1))[:-512])
    folder.write("000002.json", b"{}")
    for shard in range(3):
        line, is_new = make_shard(shard, request, places)
        assert is_new
        assert line.bytes == len(before[tar_name(shard)])
    assert shards_of(made) == before


def test_another_image_table_makes_another_shard(made):
    folder = made.root.folder(IMAGES_FOLDER)
    data = folder.read(part_name(0))
    record = json.loads(folder.read(sidecar_name(0)))
    folder.write(sidecar_name(0), json.dumps({**record, "sha256": "0" * 64}).encode())
    assert folder.read(part_name(0)) == data
    _, is_new = make_shard(0, made.shards(COUNT), made.load())
    assert is_new
