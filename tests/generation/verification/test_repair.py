"""What says "done" is removed before what it speaks of, and nothing but what is broken."""

import dataclasses

import pytest

from alignet_ray.generation.verification.findings import Problem, Record
from alignet_ray.generation.verification.repair import removals, why_not_repairable
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import RunSettings
from alignet_ray.records.store import Folder

SHARDS = {
    "strategy": "random", "blocks": [4], "num_validation_images": 4, "shared_images": False,
    "groups_per_shard": 2,
}  # fmt: skip
ROOT = Folder("memory://run")
RULES = RunRules(
    root=ROOT,
    image_root=ROOT,
    settings=RunSettings(images={}, clusters={"seed": 0}, shards=SHARDS),
    layout=PartLayout(num_rows=8, part_rows=4, row_group_rows=4),
    listing=None,
)
TREE = dict.fromkeys(
    [
        "config.yaml",
        *(f"images/part-00000{n}.{end}" for n in range(2) for end in ("parquet", "json")),
        *(f"clusters/part-00000{n}.{end}" for n in range(2) for end in ("parquet", "json")),
        "clusters/centroids.npy", "clusters/clusters.json",
        *(f"shards/train/00000{n}.{end}" for n in range(2) for end in ("tar", "json")),
        "shards/train/manifest.json", "shards/validation/manifest.json",
        "shards/validation/000000.tar", "shards/validation/000000.json",
        "images/listing/listing.json", "images/listing/000000.parquet", "notes.txt",
    ],
    1,
)  # fmt: skip
MANIFESTS = ["shards/train/manifest.json", "shards/validation/manifest.json"]


def problem(kind, number=0, split=""):
    record = Record(kind=kind, number=number, split=split)
    return Problem(record=record, place="there", wrong="broken", expected="whole")


def removed(*problems, rules=RULES):
    return removals(problems, rules, TREE)


def test_of_a_shard_the_manifest_goes_first_and_the_sidecar_before_the_tar():
    assert removed(problem("shard", 1, "train")) == [
        "shards/train/manifest.json", "shards/train/000001.json", "shards/train/000001.tar",
    ]  # fmt: skip


def test_of_a_manifest_nothing_else_goes():
    assert removed(problem("manifest", split="validation")) == ["shards/validation/manifest.json"]


def test_with_a_part_of_the_image_table_goes_what_was_made_from_it():
    assert removed(problem("images", 1)) == [
        *MANIFESTS,
        "clusters/part-000001.json", "clusters/part-000001.parquet",
        "images/part-000001.json", "images/part-000001.parquet",
    ]  # fmt: skip


def test_with_the_centroids_go_all_parts_of_the_clusters():
    names = removed(problem("centroids"))
    assert names[:2] == MANIFESTS
    assert names[-2:] == ["clusters/clusters.json", "clusters/centroids.npy"]
    assert set(names) == {*MANIFESTS, *(n for n in TREE if n.startswith("clusters/"))}


def test_of_a_listing_the_index_goes_first():
    assert removed(problem("listing")) == [
        "images/listing/listing.json", "images/listing/000000.parquet",
    ]  # fmt: skip


def test_a_config_is_not_removed():
    assert removed(problem("config")) == []
    assert why_not_repairable(problem("config"), RULES) is None


def test_what_is_gone_already_is_not_removed():
    assert removed(problem("shard", 5, "train")) == ["shards/train/manifest.json"]


@pytest.mark.parametrize("kind", ["listing", "images"])
def test_what_belongs_to_another_run_is_left_to_it(kind):
    settings = dataclasses.replace(RULES.settings, images_from="memory://other")
    other = Folder("memory://other")
    rules = dataclasses.replace(RULES, settings=settings, image_root=other)
    assert removed(problem(kind, 1), rules=rules) == []
    assert "--run memory://other --repair" in why_not_repairable(problem(kind, 1), rules)
    assert why_not_repairable(problem("clusters", 1), rules) is None


def converted_rules(images_from=None):
    shards = {
        "strategy": "cluster_border", "blocks": [2, 1], "groups_per_shard": 2,
        "converted": {"train": {"num_triplets": 9}},
    }  # fmt: skip
    settings = RunSettings(images={}, clusters={}, shards=shards, images_from=images_from)
    return dataclasses.replace(RULES, settings=settings)


TRIPLETS = dict.fromkeys(
    [
        *TREE,
        *(f"triplets/train/part-00000{n}.{end}" for n in range(2) for end in ("parquet", "json")),
        "triplets/train/triplets.json",
        "triplets/places/part-000000.parquet", "triplets/places/part-000000.json",
    ],
    1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "split", "names"),
    [
        ("shard", "train", ["shards/train/000001.json", "shards/train/000001.tar"]),
        (
            "triplets", "train",
            [
                "triplets/train/triplets.json",
                "triplets/train/part-000001.json", "triplets/train/part-000001.parquet",
            ],
        ),
        ("triplet_index", "train", ["triplets/train/triplets.json"]),
        ("places", "", ["triplets/places/part-000000.json", "triplets/places/part-000000.parquet"]),
    ],
)  # fmt: skip
def test_of_a_converted_run_goes_what_convert_makes_again(kind, split, names):
    rules = converted_rules(images_from="memory://other")
    found = problem(kind, 0 if kind == "places" else 1, split)
    assert why_not_repairable(found, rules) is None
    assert removals([found], rules, TRIPLETS) == ["shards/train/manifest.json", *names]
