"""A shard is a pure function of its number and the frozen records."""

from dataclasses import replace

import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.functional.similarity import gram_matrix
from alignet_ray.generation.clustering import assign_part
from alignet_ray.generation.labelling import make_shard
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import COLUMNS, IMAGES_FOLDER
from alignet_ray.records.parquet import column_to_vectors, parquet_bytes, read_parquet
from alignet_ray.records.parts import part_name, read_sidecar, write_part
from alignet_ray.records.shards import (
    read_groups,
    shard_folder,
    sidecar_name,
    tar_name,
)
from alignet_ray.records.shards import read_sidecar as read_shard_sidecar
from alignet_ray.records.teacher_bundle import Transform


def folder_of(request):
    return shard_folder(request.root, request.split.split)


def bytes_of(request, shard):
    folder = folder_of(request)
    return folder.read(tar_name(shard)), folder.read(sidecar_name(shard))


def groups_of(request, shard=0):
    make_shard(shard, request)
    record = read_shard_sidecar(folder_of(request), shard)
    return read_groups(folder_of(request), record, 0, record.num_groups)


def cluster_of_row(table):
    folder = table.root.folder(CLUSTERS_FOLDER)
    names = [part_name(part) for part in range(table.layout.num_parts)]
    parts = [read_parquet(folder, name, ("cluster_id", "embedding")) for name in names]
    ids = np.concatenate([part.column("cluster_id").to_numpy() for part in parts])
    return ids, np.concatenate([column_to_vectors(part.column("embedding")) for part in parts])


def test_the_same_shard_has_the_same_bytes_wherever_it_is_made(make_table):
    shards = []
    for url in (None, None, "memory://labelled/run"):
        table = make_table(f"run{len(shards)}", url=url)
        make_shard(1, table.label_request())
        shards.append(bytes_of(table.label_request(), 1))
    assert shards[0] == shards[1] == shards[2]


def test_a_shard_does_not_depend_on_the_others(make_table):
    forwards, backwards = make_table("a").label_request(), make_table("b").label_request()
    for shard in range(3):
        make_shard(shard, forwards)
    for shard in (5, 2, 1, 0):
        make_shard(shard, backwards)
    assert [bytes_of(forwards, n) for n in range(3)] == [bytes_of(backwards, n) for n in range(3)]


def test_shards_and_seeds_and_splits_differ(table):
    request = table.label_request()
    first = ids_of(groups_of(request))
    assert ids_of(groups_of(request, 1)) != first
    assert ids_of(groups_of(table.label_request(split="validation", blocks=(2, 1)))) != first
    assert ids_of(groups_of(replace(request, seed=1, settings_digest="other"))) != first


def ids_of(groups):
    return [group.image_ids for group in groups]


def test_a_group_holds_what_the_table_says_of_its_images(table):
    ids, vectors = cluster_of_row(table)
    for group in groups_of(table.label_request()):
        rows = list(group.image_ids)
        assert len(set(rows)) == len(rows)
        assert group.images == tuple(table.images[row] for row in rows)
        assert group.extensions == tuple("jpg" if row % 3 else "png" for row in rows)
        assert group.labels == tuple(table.labels[row] for row in rows)
        assert group.keys == tuple(f"{table.labels[r] or 'none'}/{r:04d}.jpg" for r in rows)
        assert group.cluster_ids == tuple(ids[rows].tolist())
        np.testing.assert_array_equal(group.similarities, gram_matrix(vectors[rows]))
        assert (group.strategy, group.blocks) == ("cluster_border", (3, 3))


def test_cluster_blocks_share_a_cluster_and_clusters_differ(table):
    for group in groups_of(table.label_request()):
        blocks = [set(group.cluster_ids[:3]), set(group.cluster_ids[3:])]
        assert [len(block) for block in blocks] == [1, 1]
        assert blocks[0] != blocks[1]
        assert -1 not in group.cluster_ids


@pytest.mark.parametrize(
    ("strategy", "blocks"),
    [("class_border", (2, 1)), ("class_border", (3, 3)), ("within_class", (3,))],
)
def test_class_blocks_share_a_label_and_labels_differ(table, strategy, blocks):
    for group in groups_of(table.label_request(strategy=strategy, blocks=blocks)):
        labels = [set(group.labels[: blocks[0]]), set(group.labels[blocks[0] :])]
        assert all(len(found) == 1 and None not in found for found in labels[: len(blocks)])
        assert labels[0] != labels[1]
        assert not any(table.images[row] is None for row in group.image_ids)


def test_random_groups_draw_from_everything_that_is_no_reject(table):
    request = table.label_request(strategy="random", blocks=(20,))
    made = make_shard(0, request)
    drawn = {row for n in range(6) for group in groups_of(request, n) for row in group.image_ids}
    accepted = {row for row in range(30, 150) if table.images[row] is not None}
    assert drawn <= accepted
    assert len(drawn) > 0.95 * len(accepted)
    assert (made.statistics.eligible_share, made.statistics.distance_from_uniform) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("strategy", "blocks"),
    [
        ("cluster_border", (2, 1)),
        ("random", (3,)),
        ("within_cluster", (2,)),
        ("class_border", (2, 1)),
    ],
)
def test_splits_share_no_image(table, strategy, blocks):
    drawn = []
    for split in ("train", "validation"):
        request = table.label_request(split=split, strategy=strategy, blocks=blocks)
        drawn.append({row for n in range(6) for g in groups_of(request, n) for row in g.image_ids})
    assert min(drawn[0]) >= 30 > max(drawn[1])


def test_a_shard_that_is_there_is_kept(table):
    request = table.label_request()
    first = make_shard(0, request)
    before = bytes_of(request, 0)
    second = make_shard(0, request)
    assert (first.is_new, second.is_new) == (True, False)
    assert (second.line, second.statistics) == (first.line, first.statistics)
    assert bytes_of(request, 0) == before


def is_remade_to_the_same(request, before):
    assert make_shard(0, request).is_new
    return bytes_of(request, 0) == before


def test_a_truncated_shard_is_made_again(table, request_and_bytes):
    request, before = request_and_bytes
    folder_of(request).write(tar_name(0), before[0][:-512])
    assert is_remade_to_the_same(request, before)


@pytest.mark.parametrize("name", [tar_name(0), sidecar_name(0)])
def test_a_shard_without_its_tar_or_sidecar_is_made_again(request_and_bytes, name):
    request, before = request_and_bytes
    folder_of(request).delete(name)
    assert is_remade_to_the_same(request, before)


@pytest.mark.parametrize("data", [b"", b"{", b"{}"])
def test_a_shard_with_a_broken_sidecar_is_made_again(request_and_bytes, data):
    request, before = request_and_bytes
    folder_of(request).write(sidecar_name(0), data)
    assert is_remade_to_the_same(request, before)


@pytest.fixture
def request_and_bytes(table):
    request = table.label_request()
    make_shard(0, request)
    return request, bytes_of(request, 0)


def test_a_shard_of_other_settings_is_made_again(table, request_and_bytes):
    request, before = request_and_bytes
    assert not is_remade_to_the_same(replace(request, settings_digest="other"), before)


@pytest.mark.parametrize("name", [IMAGES_FOLDER, CLUSTERS_FOLDER])
def test_a_re_made_part_invalidates_the_shards_that_read_it_and_no_others(make_table, name):
    table = make_table()
    request = replace(table.label_request(), pool_rows=40)
    reads = {}
    for shard in range(12):
        make_shard(shard, request)
        reads[shard] = set(read_shard_sidecar(folder_of(request), shard).parts[name])
    part = "000003"
    assert 0 < sum(part in parts for parts in reads.values()) < 12
    remake_part(table, name, int(part))
    for shard, parts in reads.items():
        assert make_shard(shard, request).is_new == (part in parts)


def remake_part(table, name, part):
    """The same rows with other bytes, as another device would embed them."""
    folder = table.root.folder(name)
    before = read_sidecar(folder, part)["sha256"]
    if name == IMAGES_FOLDER:
        rows = read_parquet(folder, part_name(part), COLUMNS).replace_schema_metadata({"a": "b"})
        write_part(folder, part, parquet_bytes(rows, 8), "images", {"rejects": {}})
    else:
        shift = Transform(weight=np.eye(5), bias=np.full(5, 1e-3), mean=0.0, scale=1.0)
        assign_part(part, replace(table.cluster_request(), transform=shift))
    assert read_sidecar(folder, part)["sha256"] != before


def test_a_pool_smaller_than_the_table_reads_few_row_groups(table):
    request = replace(table.label_request(), pool_rows=48)
    made = make_shard(0, request)
    rows = {row for group in groups_of(request) for row in group.image_ids}
    assert len({row // 8 for row in rows}) <= 6
    assert made.statistics.num_images <= 48


def test_a_pool_that_holds_the_whole_table_is_the_same_whatever_its_size(make_table):
    shards = []
    for name, pool_rows in (("a", 150), ("b", 1_000_000)):
        request = replace(make_table(name).label_request(), pool_rows=pool_rows)
        make_shard(0, request)
        shards.append(bytes_of(request, 0)[0])
    assert shards[0] == shards[1]


def test_statistics_are_those_of_the_split(table):
    made = make_shard(0, table.label_request())
    ids, _ = cluster_of_row(table)
    sizes = np.bincount(ids[30:][ids[30:] >= 0], minlength=6)
    assert made.statistics.num_images == sizes.sum()
    assert made.statistics.num_eligible_clusters == (sizes >= 3).sum()


def test_a_group_that_the_pool_cannot_fill_names_the_largest(table):
    with pytest.raises(InputError, match=r"train split: .*The largest P with K = 3 is 6 clusters"):
        make_shard(0, table.label_request(blocks=(3,) * 7))
    with pytest.raises(InputError, match=r"The largest P with K = 2 is 4 classes"):
        make_shard(0, table.label_request(strategy="class_border", blocks=(2,) * 5))
