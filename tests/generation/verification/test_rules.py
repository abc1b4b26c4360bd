"""The splits that settings say are those that generate plans."""

import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.config.generate import GenerateConfig, ShardConfig
from alignet_ray.errors import RecordError
from alignet_ray.functional.groups import CLASS_STRATEGIES, STRATEGIES
from alignet_ray.generation.plan import image_settings, plan_run
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
@pytest.mark.parametrize("shards", [{}, {"shared_images": True}, {"num_validation_images": 2}])
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


def rules_of(settings, num_rows=10):
    root = Folder("memory://nowhere")
    layout = PartLayout(num_rows=num_rows, part_rows=4, row_group_rows=2)
    return RunRules(root=root, image_root=root, settings=settings, layout=layout, listing=None)


def test_a_converted_run_has_the_splits_that_it_has():
    settings = RunSettings(images={"backbone": None}, clusters={}, shards={"converted": {"a": 1}})
    rules = rules_of(settings)
    assert (rules.is_converted, rules.has_embeddings, rules.has_clusters) == (True, False, False)
    assert rules.table_folders == ("images",)
    assert [rule.split for rule in rules.splits_among({"validation"})] == ["validation"]
    assert [rule.split for rule in rules.splits_among(())] == ["train"]
    rule = rules.splits_among(())[0]
    assert (rule.rows, rule.groups_per_shard, rule.num_images) == (range(10), None, None)


@pytest.mark.parametrize(("asked", "known"), [(7, 7), ("auto", None)])
def test_a_number_of_clusters_may_be_left_to_the_fit(asked, known):
    settings = RunSettings(images={}, clusters={"num_clusters": asked}, shards={})
    assert rules_of(settings).num_clusters == known


def test_settings_without_a_layout_are_a_record_error():
    settings = RunSettings(images={"part_rows": 4}, clusters={}, shards={})
    with pytest.raises(RecordError, match=r"no images\.row_group_rows"):
        layout_of(Folder("memory://nowhere"), settings, 9)
