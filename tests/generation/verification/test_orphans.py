"""Files that no finished record names are told apart by what is to be done about them."""

import dataclasses

import pytest

from alignet_ray.generation.conversion.triplets import TripletIndex
from alignet_ray.generation.verification.orphans import (
    find_orphans,
    finished_places,
    finished_shards,
)
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import RunSettings
from alignet_ray.records.store import Folder

NAMED = (
    "config.yaml",
    "images/listing/listing.json", "images/listing/000000.parquet",
    "images/part-000000.json", "images/part-000000.parquet",
    "images/part-000001.json", "images/part-000001.parquet",
    "clusters/clusters.json", "clusters/centroids.npy",
    "clusters/part-000000.json", "clusters/part-000000.parquet",
    "shards/train/manifest.json", "shards/train/000000.tar", "shards/train/000000.json",
    "logs/driver.lock", "report/index.html",
)  # fmt: skip


def rules(images_from=None, clusters=None):
    root = Folder("memory://run")
    settings = RunSettings(
        images={}, clusters={"seed": 0} if clusters is None else clusters, shards={},
        images_from=images_from,
    )  # fmt: skip
    return RunRules(
        root=root, image_root=root, settings=settings, listing=None,
        layout=PartLayout(num_rows=8, part_rows=4, row_group_rows=4),
    )  # fmt: skip


def orphans(*names, listed=1, **changes):
    tree = dict.fromkeys((*NAMED, *names), 7)
    found = find_orphans(tree, rules(**changes), {"train": listed})
    return {orphan.name: orphan.kind for orphan in found}


def test_a_whole_run_has_none():
    assert orphans() == {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("images/.part-000001.parquet.0a1b.partial", "temporary"),
        ("clusters/part-000001.parquet", "unfinished"),
        ("clusters/part-000001.json", "unfinished"),
        ("shards/train/000001.tar", "unfinished"),
        ("shards/train/000001.json", "unfinished"),
        ("images/part-000007.json", "unfinished"),
        ("notes.txt", "foreign"),
        ("images/part-1.parquet", "foreign"),
        ("images/part-000000.parquet.bak", "foreign"),
        ("images/listing/000001.parquet", "foreign"),
        ("shards/train/0000001.tar", "foreign"),
        ("shards/test/000000.tar", "foreign"),
        ("shards/000000.tar", "foreign"),
        ("clusters/notes/a", "foreign"),
        ("images/copy/config.yaml", "foreign"),
    ],
)
def test_kinds(name, kind):
    assert orphans(name) == {name: kind}


def test_whole_records_beyond_the_run_are_no_foreign_files():
    part = ("images/part-000002.json", "images/part-000002.parquet")
    shard = ("shards/train/000001.tar", "shards/train/000001.json")
    assert orphans(*part, *shard) == dict.fromkeys((*part, *shard), "beyond")
    assert orphans(*shard, listed=None) == {}, "nobody knows what a broken manifest names"


def test_centroids_without_their_index_are_not_finished():
    tree = {"clusters/centroids.npy": 1}
    (orphan,) = find_orphans(tree, rules(), {})
    assert orphan.kind == "unfinished"


def test_a_borrowed_table_leaves_nothing_to_lie_in_the_run_itself():
    found = orphans(images_from="memory://other")
    assert set(found) == {name for name in NAMED if name.startswith("images/")}
    assert set(found.values()) == {"foreign"}


def test_a_run_without_clusters_has_no_files_of_them():
    found = orphans(clusters={})
    assert set(found) == {name for name in NAMED if name.startswith("clusters/")}


def test_a_shard_is_finished_where_both_halves_are_there():
    names = (
        "shards/train/000002.tar", "shards/train/000002.json", "shards/train/000000.tar",
        "shards/train/000000.json", "shards/train/000001.tar", "shards/train/manifest.json",
        "shards/validation/000005.tar", "shards/train/x.tar", "shards/train/²³.tar",
    )  # fmt: skip
    assert finished_shards(dict.fromkeys(names, 1), "train") == [0, 2]


def test_of_a_converted_run_the_triplets_are_records():
    shards = {
        "strategy": "random", "blocks": [3], "groups_per_shard": 2,
        "converted": {"train": {"num_triplets": 9}},
    }  # fmt: skip
    index = TripletIndex(
        digest="", rejects="", num_triplets=9, num_images=3, num_missing=0, num_rejected=0,
        part_rows=9, row_group_rows=9,
    )  # fmt: skip
    settings = RunSettings(images={}, clusters={}, shards=shards)
    converted = dataclasses.replace(rules(), settings=settings, triplets={"train": index})
    kinds = {
        "triplets/train/triplets.json": None,
        **{f"triplets/train/part-000000.{end}": None for end in ("json", "parquet")},
        **{f"triplets/train/part-000001.{end}": "beyond" for end in ("json", "parquet")},
        **{f"triplets/places/part-000001.{end}": None for end in ("json", "parquet")},
        "triplets/places/part-000000.json": "unfinished",
        "triplets/validation/triplets.json": "foreign",
        "triplets/train/names.parquet": "foreign",
    }
    found = find_orphans(dict.fromkeys(kinds, 1), converted, {"train": 1})
    assert {orphan.name: orphan.kind for orphan in found} == {
        name: kind for name, kind in kinds.items() if kind is not None
    }
    assert list(finished_places(dict.fromkeys(kinds, 1))) == [1]
