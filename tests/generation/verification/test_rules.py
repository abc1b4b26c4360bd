"""The splits that settings say are those that generate plans."""

import dataclasses

import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.config.generate import GenerateConfig, ShardConfig
from alignet_ray.errors import RecordError
from alignet_ray.functional.groups import CLASS_STRATEGIES, STRATEGIES
from alignet_ray.generation.conversion.triplets import TripletIndex
from alignet_ray.generation.plan import image_settings, plan_run
from alignet_ray.generation.verification.expected import (
    expected_parts,
    expected_shard,
    label_request,
)
from alignet_ray.generation.verification.rules import RunRules, layout_of, split_rules
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import RunSettings
from alignet_ray.records.store import Folder

BACKBONE = ResolvedBackbone(
    name="none",
    model_args=(),
    representation="pre_logits",
    preprocessing=Preprocessing(
        resolution=8, resize="crop", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
    ),
    dim=4,
    weights_sha256="0" * 64,
    checkpoint=None,
)  # fmt: skip


def planned(num_images, **shards):
    config = GenerateConfig(
        images=("in",), output="out", teacher="untransformed", shards=ShardConfig(**shards)
    )
    images = image_settings(config, "0", (), BACKBONE, "float32")
    labels = {str(n): num_images // 4 for n in range(4)}
    return plan_run(config, images, num_images, None, labels)


@pytest.mark.parametrize("num_images", [400, 300_000])
@pytest.mark.parametrize("shards", [{}, {"shared_images": True}, {"num_validation_images": 0}])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_splits_are_those_of_the_plan(num_images, shards, strategy):
    group = "2x2" if strategy in CLASS_STRATEGIES and strategy.endswith("border") else None
    plan = planned(num_images, strategy=strategy, group=group, **shards)
    rules = split_rules(plan.settings.shards, num_images)
    assert len(rules) == len(plan.splits)
    for rule, split in zip(rules, plan.splits, strict=True):
        assert rule.split == split.split
        assert rule.strategy == strategy
        assert rule.rows == range(split.first_row, split.last_row)
        assert rule.blocks == split.blocks
        assert rule.groups_per_shard == split.groups_per_shard
        assert rule.num_images == split.num_images
        assert rule.least_shards == (1 if split.split == "train" else split.num_shards)


def rules_of(settings, num_rows=10, **fields):
    root = Folder("memory://nowhere")
    layout = PartLayout(num_rows=num_rows, part_rows=4, row_group_rows=2)
    plain = {"root": root, "image_root": root, "settings": settings, "layout": layout}
    return RunRules(**{**plain, "listing": None, **fields})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_drawn_from_is_what_the_plan_says(strategy):
    group = "2x2" if strategy in CLASS_STRATEGIES and strategy.endswith("border") else None
    plan = planned(400, strategy=strategy, group=group)
    rules = rules_of(plan.settings, layout=plan.layout)
    for rule, split in zip(rules.splits, plan.splits, strict=True):
        request = label_request(rule, rules)
        assert dataclasses.replace(request.split, num_shards=split.num_shards) == split
        assert (request.strategy, request.seed, request.layout) == (strategy, 0, plan.layout)
        assert request.pool_rows == plan.settings.shards["pool_rows"]
        assert request.num_clusters == plan.settings.clusters["num_clusters"]
        assert request.settings_digest == plan.settings.shards_digest


def test_a_draw_from_what_nobody_knows_is_not_made():
    """Classes are drawn by the image table's labels, clusters by their number."""
    classes = planned(400, strategy="class_border", group="2x2")
    rules = rules_of(classes.settings, layout=classes.layout)
    everything = frozenset(range(classes.layout.num_parts))
    assert expected_shard(0, rules.splits[0], rules, {"images": everything}, "there") is None
    clusters = planned(400, strategy="cluster_border")
    left = {**clusters.settings.clusters, "num_clusters": "auto", "candidates": [2, 3]}
    rules = rules_of(dataclasses.replace(clusters.settings, clusters=left), layout=clusters.layout)
    assert expected_shard(0, rules.splits[0], rules, {}, "there") is None


CONVERTED = RunSettings(
    images={"backbone": {"name": "the lender's"}},
    clusters={},
    shards={
        "strategy": "cluster_border", "blocks": [2, 1], "groups_per_shard": 4,
        "teacher_temperature": 1.0, "converted": {"train": {"num_triplets": 12}},
    },
)  # fmt: skip
INDEX = TripletIndex(
    digest="", rejects="", num_triplets=10, num_images=9, num_missing=2, num_rejected=0,
    part_rows=6, row_group_rows=3,
)  # fmt: skip


def test_a_converted_run_has_the_splits_and_shards_that_its_triplets_make():
    rules = rules_of(CONVERTED, triplets={"train": INDEX})
    assert (rules.is_converted, rules.has_embeddings, rules.has_clusters) == (True, True, False)
    assert rules.table_folders("train") == ("images", "triplets/train")
    (rule,) = rules.splits
    assert (rule.split, rule.blocks, rule.rows, rule.num_images) == ("train", (2, 1), range(10), 9)
    assert (rule.least_shards, rule.most_shards) == (3, 3)
    assert [rule.num_groups(shard) for shard in range(4)] == [4, 4, 2, 0]
    assert expected_parts(1, rule, rules) == {"triplets/train": [0, 1]}
    assert rules.num_parts("triplets/train") == 2


def test_of_a_converted_run_without_an_index_less_is_known():
    rules = rules_of(CONVERTED)
    (rule,) = rules.splits
    assert (rule.num_images, rule.least_shards, rule.most_shards) == (None, 1, None)
    assert rule.num_groups(0) is None
    assert expected_parts(0, rule, rules) == {}
    assert rules.num_parts("triplets/train") is None


@pytest.mark.parametrize(("asked", "known"), [(7, 7), ("auto", None)])
def test_a_number_of_clusters_may_be_left_to_the_fit(asked, known):
    settings = RunSettings(images={}, clusters={"num_clusters": asked}, shards={})
    assert rules_of(settings).num_clusters == known
    assert rules_of(settings, num_fitted=7).num_clusters == 7


def test_settings_without_a_layout_are_a_record_error():
    settings = RunSettings(images={"part_rows": 4}, clusters={}, shards={})
    with pytest.raises(RecordError, match=r"no images\.row_group_rows"):
        layout_of(Folder("memory://nowhere"), settings, 9)
