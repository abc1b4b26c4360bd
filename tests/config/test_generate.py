"""What a group is, and which settings of generate exclude each other."""

import pytest

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.generate import (
    UNTRANSFORMED,
    ClusterConfig,
    EmbeddingConfig,
    GenerateConfig,
    ShardConfig,
    SourceConfig,
    StoredConfig,
)
from alignet_ray.errors import ConfigError


def generate(**fields):
    return GenerateConfig(**{"images": ("i",), "output": "o", "teacher": UNTRANSFORMED, **fields})


@pytest.mark.parametrize(
    ("strategy", "group", "blocks"),
    [
        ("cluster_border", "48x4", (4,) * 48),
        ("class_border", "2x2", (2, 2)),
        ("cluster_border", "triplet", (2, 1)),
        ("class_border", "triplet", (2, 1)),
        ("within_cluster", "triplet", (3,)),
        ("within_class", "1x3", (3,)),
        ("within_class", "2x3", (3, 3)),
        ("random", "triplet", (3,)),
        ("random", "3x1", (3,)),
        ("random", "4x4", (16,)),
        ("cluster_border", None, ()),
    ],
)
def test_a_group_is_its_blocks(strategy, group, blocks):
    assert ShardConfig(strategy=strategy, group=group).blocks == blocks


@pytest.mark.parametrize(
    ("strategy", "group"),
    [
        ("cluster_border", "48"),
        ("cluster_border", "48x"),
        ("cluster_border", "0x4"),
        ("cluster_border", "4x1"),
        ("cluster_border", "1x4"),
        ("cluster_border", "-2x4"),
        ("within_class", "2x2"),
        ("random", "1x2"),
        ("random", "0x0"),
    ],
)
def test_a_group_without_a_triplet_is_refused(strategy, group):
    with pytest.raises(ConfigError, match=f"--shards.group: '{group}'"):
        ShardConfig(strategy=strategy, group=group)


def test_groups_and_triplets_exclude_each_other():
    with pytest.raises(ConfigError, match="one of the two"):
        generate(num_groups=1, num_triplets=1)


def test_backbone_settings_beside_a_bundle_are_refused():
    with pytest.raises(ConfigError, match="the bundle's own backbone"):
        generate(teacher="teacher/", backbone=BackboneConfig(name="vit_tiny"))
    assert generate(backbone=BackboneConfig(name="vit_tiny")).backbone.name == "vit_tiny"


@pytest.mark.parametrize(
    ("make", "flag"),
    [
        (lambda: generate(num_groups=0), "--num-groups"),
        (lambda: generate(num_triplets=0), "--num-triplets"),
        (lambda: StoredConfig(resolution=7), "--stored.resolution"),
        (lambda: StoredConfig(quality=0), "--stored.quality"),
        (lambda: EmbeddingConfig(batch_size=0), "--embedding.batch-size"),
        (lambda: EmbeddingConfig(row_group_rows=0), "--embedding.row-group-rows"),
        (lambda: EmbeddingConfig(part_rows=100), "--embedding.part-rows"),
        (lambda: EmbeddingConfig(max_rejected_fraction=1.1), "--embedding.max-rejected-fraction"),
        (lambda: ClusterConfig(num_clusters=0), "--clusters.num-clusters"),
        (lambda: ClusterConfig(num_restarts=0), "--clusters.num-restarts"),
        (lambda: ShardConfig(groups_per_shard=0), "--shards.groups-per-shard"),
        (lambda: ShardConfig(pool_rows=2), "--shards.pool-rows"),
        (lambda: ShardConfig(num_validation_images=-1), "--shards.num-validation-images"),
        (lambda: ShardConfig(teacher_temperature=0.0), "--shards.teacher-temperature"),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_flag(make, flag):
    with pytest.raises(ConfigError, match=f"^{flag}: "):
        make()


@pytest.mark.parametrize("fields", [{"images": ()}, {"images_from": "run"}])
def test_images_come_from_one_place(fields):
    with pytest.raises(ConfigError, match=r"--images and --images-from: (neither|both) given"):
        generate(**fields)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", SourceConfig(format="tars")),
        ("stored", StoredConfig(quality=80)),
        ("embedding", EmbeddingConfig(batch_size=8)),
        ("backbone", BackboneConfig(name="vit_tiny")),
        ("plugins", ("mine.py",)),
    ],
)
def test_a_finished_image_table_leaves_nothing_to_say_of_embedding(name, value):
    generate(images=(), images_from="run")
    with pytest.raises(ConfigError, match=f"--{name}: {name} beside a finished image table"):
        generate(images=(), images_from="run", **{name: value})


def test_labels_belong_to_one_source():
    labels = SourceConfig(labels="labels.txt")
    generate(source=labels)
    with pytest.raises(ConfigError, match="for 2 sources"):
        generate(images=("a", "b"), source=labels)


def test_the_place_of_labels_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert SourceConfig(labels="labels.txt").labels == str(tmp_path / "labels.txt")


def test_clusters_and_temperature_can_be_found_by_the_job():
    assert ClusterConfig(num_clusters="auto").num_clusters == "auto"
    auto = ShardConfig(teacher_temperature="auto", entropy_from="run")
    assert auto.teacher_temperature == "auto"
    with pytest.raises(ConfigError, match=r"run with temperature 2; expected --shards\.teacher"):
        ShardConfig(teacher_temperature=2.0, entropy_from="run")


@pytest.mark.parametrize("output", ["/data/photos/run", "/data/photos"])
def test_a_root_inside_the_images_is_refused(output):
    with pytest.raises(ConfigError, match="expected a root outside the images"):
        generate(images=("/data/photos",), output=output)
    assert generate(images=("/data/photos",), output="/data/photos_run").output


@pytest.mark.parametrize("count", [1, 2])
def test_validation_images_are_none_or_enough_for_a_triplet(count):
    with pytest.raises(ConfigError, match="expected 0, or the 3 of one triplet"):
        ShardConfig(num_validation_images=count)


def test_an_infinite_temperature_is_refused():
    with pytest.raises(ConfigError, match="inf; expected more than 0, and finite"):
        ShardConfig(teacher_temperature=float("inf"))
