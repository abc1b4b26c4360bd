"""Defaults follow from the number of images, digests cover what they must and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.config.generate import (
    UNTRANSFORMED,
    ClusterConfig,
    EmbeddingConfig,
    GenerateConfig,
    ShardConfig,
    StoredConfig,
)
from alignet_ray.config.resources import Resources
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.functional.groups import STRATEGIES, num_triplets
from alignet_ray.generation.plan import image_settings, plan_run

BACKBONE = ResolvedBackbone(
    name="b", model_args=(), representation="output", dim=4, weights_sha256="0",
    preprocessing=Preprocessing(
        resolution=32, resize="crop", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.0,) * 3, std=(1.0,) * 3,
    ),
)  # fmt: skip


LABELS = {f"class{number}": 100 for number in range(80)}


def plan(num_images=10_000, precision="float32", labels=LABELS, target_entropy=None, **fields):
    config = GenerateConfig(**{"images": ("i",), "output": "o", "teacher": UNTRANSFORMED, **fields})
    images = image_settings(config, "listing", (), BACKBONE, precision)
    return plan_run(config, images, num_images, None, labels, target_entropy=target_entropy)


@pytest.mark.parametrize(
    ("num_images", "num_clusters", "num_blocks"),
    [(200, 5, 3), (4000, 100, 48), (1_281_167, 500, 48), (100, 2, 2)],
)
def test_clusters_and_groups_follow_from_the_images(num_images, num_clusters, num_blocks):
    made = plan(num_images)
    assert made.settings.clusters["num_clusters"] == num_clusters
    assert made.settings.shards["blocks"] == [4] * num_blocks


@pytest.mark.parametrize(
    ("num_images", "num_validation"), [(1000, 100), (1_281_167, 50_000), (400_000, 40_000)]
)
def test_validation_is_a_tenth_but_no_more_than_fifty_thousand(num_images, num_validation):
    train, validation = plan(num_images).splits
    assert (validation.first_row, validation.last_row) == (0, num_validation)
    assert (train.first_row, train.last_row) == (num_validation, num_images)


def test_shared_images_let_both_splits_draw_from_all():
    splits = plan(shards=ShardConfig(shared_images=True)).splits
    assert [(s.first_row, s.last_row) for s in splits] == [(0, 10_000)] * 2


def test_without_validation_images_there_is_one_split():
    (train,) = plan(shards=ShardConfig(num_validation_images=0)).splits
    assert (train.split, train.num_images) == ("train", 10_000)


@given(st.integers(200, 2_000_000), st.sampled_from(STRATEGIES), st.sampled_from([None, "triplet"]))
def test_splits_share_no_image_and_an_epoch_draws_every_image_once_on_average(
    num_images, strategy, group
):
    train, validation = plan(num_images, shards=ShardConfig(strategy=strategy, group=group)).splits
    assert validation.last_row <= train.first_row
    assert train.num_draws >= train.num_images
    shard = train.groups_per_shard * sum(train.blocks)
    assert train.num_draws < train.num_images + shard + sum(train.blocks)
    assert validation.num_groups >= min(10_000, validation.num_images // 3)
    assert num_triplets(strategy, validation.blocks) == 1


@given(st.integers(200, 2_000_000))
def test_an_epoch_has_sixteen_shards_of_bounded_size_or_one_group_in_each(num_images):
    train = plan(num_images).splits[0]
    assert train.num_shards >= 16 or train.groups_per_shard == 1
    assert train.groups_per_shard * sum(train.blocks) <= 6144


@given(st.integers(1, 10**8))
def test_triplets_round_up_to_groups_and_shards(num_wanted):
    train = plan(num_triplets=num_wanted).splits[0]
    per_group = num_triplets("cluster_border", train.blocks)
    assert train.num_groups * per_group >= num_wanted
    assert (train.num_groups - train.groups_per_shard) * per_group < num_wanted


@given(st.integers(1, 10**7))
def test_triplets_are_exact_groups_where_a_group_is_one(num_wanted):
    shards = ShardConfig(group="triplet", groups_per_shard=1)
    assert plan(num_triplets=num_wanted, shards=shards).splits[0].num_groups == num_wanted


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_triplets_can_be_asked_of_every_strategy(strategy):
    shards = ShardConfig(strategy=strategy, group="3x3")
    assert plan(num_triplets=5, shards=shards).splits[0].num_shards >= 1


@pytest.mark.parametrize(
    "fields",
    [
        {"num_groups": 7}, {"num_triplets": 7}, {"output": "elsewhere"}, {"images": ("elsewhere",)},
        {"resources": Resources(device="cpu", threads_per_actor=3)}, {"plugins": ("a.py",)},
    ],
)  # fmt: skip
def test_counts_urls_and_machines_are_outside_the_digest(fields):
    assert plan(**fields).settings.shards_digest == plan().settings.shards_digest


@pytest.mark.parametrize(
    ("first", "fields"),
    [
        (0, {"seed": 1}),
        (0, {"precision": "bfloat16"}),
        (0, {"stored": StoredConfig(quality=80)}),
        (0, {"stored": StoredConfig(original=True)}),
        (0, {"embedding": EmbeddingConfig(part_rows=256)}),
        (1, {"clusters": ClusterConfig(num_clusters=99)}),
        (1, {"clusters": ClusterConfig(num_restarts=9)}),
        (2, {"shards": ShardConfig(strategy="class_border")}),
        (2, {"shards": ShardConfig(group="8x4")}),
        (0, {"embedding": EmbeddingConfig(batch_size=32)}),
        (2, {"shards": ShardConfig(teacher_temperature=2.0)}),
        (2, {"shards": ShardConfig(pool_rows=999)}),
        (2, {"shards": ShardConfig(shared_images=True)}),
        (2, {"shards": ShardConfig(num_validation_images=9)}),
        (2, {"shards": ShardConfig(groups_per_shard=5)}),
    ],
)
def test_each_setting_changes_the_digest_of_its_stage_and_of_those_after_it(first, fields):
    stages = ("images_digest", "clusters_digest", "shards_digest")
    before, after = plan().settings, plan(**fields).settings
    changed = [getattr(before, name) != getattr(after, name) for name in stages]
    assert changed == [i >= first for i in range(3)]


@pytest.mark.parametrize("strategy", ["cluster_border", "within_cluster"])
def test_more_clusters_in_a_group_than_there_are_names_the_largest(strategy):
    with pytest.raises(ConfigError, match=r"48 clusters a group; .* The largest P is 12"):
        plan(
            clusters=ClusterConfig(num_clusters=12),
            shards=ShardConfig(strategy=strategy, group="48x4"),
        )


def test_too_few_images_for_one_group_are_refused():
    with pytest.raises(InputError, match="7 training images; expected at least the 8 of one group"):
        plan(7)


def test_the_pool_is_large_enough_for_the_clusters():
    assert plan().settings.shards["pool_rows"] == 16_384
    many = plan(clusters=ClusterConfig(num_clusters=1000))
    assert many.settings.shards["pool_rows"] == 32_000


def test_class_groups_are_bounded_by_the_classes_that_have_enough_images():
    few = {"a": 10, "b": 10, "c": 1}
    made = plan(labels=few, shards=ShardConfig(strategy="class_border"))
    assert made.splits[0].blocks == (4, 4)
    with pytest.raises(ConfigError, match="The largest P is 2"):
        plan(labels=few, shards=ShardConfig(strategy="class_border", group="3x4"))


@pytest.mark.parametrize("labels", [{}, {"a": 100}, {"a": 3, "b": 3}])
def test_class_strategies_without_classes_are_refused_before_anything_is_made(labels):
    with pytest.raises(InputError, match=r"sub-folder.* --source\.labels"):
        plan(labels=labels, shards=ShardConfig(strategy="class_border"))


def test_too_few_classes_are_counted_and_images_without_labels_said():
    shards = ShardConfig(strategy="class_border")
    with pytest.raises(InputError, match="1 of 3 classes with 4 images or more; expected 2 class"):
        plan(labels={"a": 9, "b": 3, "c": 3}, shards=shards)
    with pytest.raises(InputError, match="no image has a label; expected 2 classes or more with 4"):
        plan(labels={}, shards=shards)


def test_more_clusters_than_images_are_refused_and_the_flag_is_named():
    assert plan(200, clusters=ClusterConfig(num_clusters=200)).candidates == (200,)
    with pytest.raises(ConfigError, match=r"--clusters\.num-clusters: 5000 .* the 120 images"):
        plan(120, clusters=ClusterConfig(num_clusters=5000))


def test_one_cluster_is_enough_to_draw_within_it_and_never_for_a_border():
    one = ClusterConfig(num_clusters=1)
    within = ShardConfig(strategy="within_cluster")
    assert plan(200, clusters=one, shards=within).splits[0].blocks == (4,)
    with pytest.raises(ConfigError, match=r"--clusters\.num-clusters: 1 with .*cluster_border"):
        plan(200, clusters=one)


def test_auto_tries_a_range_around_the_default_and_fixes_the_rest_before_anything_is_embedded():
    made = plan(clusters=ClusterConfig(num_clusters="auto"))
    assert made.settings.clusters["num_clusters"] == "auto"
    assert made.candidates == tuple(made.settings.clusters["candidates"])
    assert (made.candidates[0], made.candidates[-1]) == (31, 500)
    assert len(made.splits[0].blocks) == 2 * 31 // 3
    assert plan().candidates == (250,)


def test_many_classes_with_few_images_still_fit_a_default_group():
    train = plan(200, shards=ShardConfig(strategy="class_border")).splits[0]
    assert sum(train.blocks) <= 180 // 4


def test_a_matched_entropy_is_part_of_the_shards_digest():
    auto = ShardConfig(teacher_temperature="auto", entropy_from="run")
    one, other = (plan(shards=auto, target_entropy=e).settings for e in (0.5, 0.6))
    assert one.clusters_digest == other.clusters_digest
    assert one.shards_digest != other.shards_digest


def test_a_matched_entropy_needs_validation_images():
    auto = ShardConfig(teacher_temperature="auto", entropy_from="run", num_validation_images=0)
    with pytest.raises(InputError, match="0 validation images; expected 3 or more"):
        plan(shards=auto, target_entropy=0.5)


def test_a_run_on_a_borrowed_table_keeps_its_settings_and_says_where_it_lies():
    images = {**plan().settings.images, "part_rows": 64, "row_group_rows": 32}
    config = GenerateConfig(images_from="gs://b/run", output="o", teacher="t")
    made = plan_run(config, images, 1000, None, LABELS, images_from="gs://b/run")
    assert made.settings.images == images
    assert made.settings.images_from == "gs://b/run"
    assert (made.layout.part_rows, made.layout.row_group_rows) == (64, 32)


def test_few_images_are_all_of_them_training_images():
    (train,) = plan(25, shards=ShardConfig(group="triplet")).splits
    assert (train.first_row, train.last_row) == (0, 25)


def test_auto_tries_no_fewer_clusters_than_a_group_takes():
    made = plan(2000, clusters=ClusterConfig(num_clusters="auto"), shards=ShardConfig(group="16x4"))
    assert made.candidates[0] == 16


def test_the_pool_is_large_enough_for_the_classes():
    many = {f"class{number}": 50 for number in range(20_000)}
    made = plan(10**6, labels=many, shards=ShardConfig(strategy="class_border"))
    assert made.settings.shards["pool_rows"] == 32 * 20_000


def test_shards_of_large_originals_hold_fewer_images():
    config = GenerateConfig(
        images=("i",), output="o", teacher=UNTRANSFORMED, stored=StoredConfig(original=True)
    )
    images = image_settings(config, "listing", (), BACKBONE, "float32")
    for mean_bytes, most in ((5e6, 53), (1e4, 6144)):
        made = plan_run(config, images, 10**6, None, LABELS, mean_image_bytes=mean_bytes)
        train = made.splits[0]
        assert train.groups_per_shard == max(1, most // sum(train.blocks))
