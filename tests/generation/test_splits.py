"""A split grows, is repaired and is left alone: each through the same Ray tasks as a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from alignet_ray.generation.splits import (
    SplitSummary,
    finish_split,
    forget_manifests,
    make_shards,
    manifest_of,
)
from alignet_ray.records.manifest import MANIFEST_NAME, read_manifest
from alignet_ray.records.shards import sidecar_name, tar_name

pytestmark = pytest.mark.ray


def label(request, num_shards):
    split = replace(request.split, num_shards=num_shards)
    shards = make_shards(replace(request, split=split), shows_progress=False)
    return finish_split(shards, manifest_of(shards, teacher_temperature=1.0))


def files(table):
    root = Path(table.root.url) / "shards"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def times(table):
    root = Path(table.root.url) / "shards"
    return {str(p.relative_to(root)): p.stat().st_mtime_ns for p in root.rglob("*")}


@pytest.mark.usefixtures("ray_cluster")
def test_n_then_three_n_is_three_n_at_once(make_table):
    grown, at_once = make_table("grown"), make_table("at_once")
    label(grown.label_request(), 2)
    before = times(grown)
    summary = label(grown.label_request(), 6)
    assert (summary.num_shards, summary.num_new_shards, summary.num_remade) == (6, 4, 0)
    label(at_once.label_request(), 6)
    assert files(grown) == files(at_once)
    after = times(grown)
    kept = [name for name in before if Path(name).stem in {"000000", "000001"}]
    assert len(kept) == 4
    assert all(after[name] == before[name] for name in kept)


@pytest.mark.usefixtures("ray_cluster")
def test_the_same_again_and_fewer_than_exist_write_nothing(table):
    request = table.label_request()
    label(request, 3)
    before = times(table)
    for num_shards in (3, 1):
        summary = label(request, num_shards)
        assert (summary.num_shards, summary.num_new_shards) == (3, 0)
        assert summary.num_asked_shards == num_shards
    assert times(table) == before


@pytest.mark.usefixtures("ray_cluster")
def test_damage_is_repaired_to_the_same_bytes(table):
    request = table.label_request()
    label(request, 5)
    whole = files(table)
    folder = Path(table.root.url) / "shards" / "train"
    (folder / tar_name(0)).unlink()
    (folder / sidecar_name(1)).unlink()
    (folder / tar_name(2)).write_bytes(b"half")
    summary = label(request, 5)
    assert (summary.num_new_shards, summary.num_remade, summary.has_written) == (3, 3, True)
    assert not summary.has_new_manifest
    assert files(table) == whole
    forget_manifests(table.root, [request.split])
    assert not (folder / MANIFEST_NAME).exists()
    (folder / sidecar_name(3)).write_bytes(b"{")
    assert label(request, 5).num_new_shards == 1
    assert files(table) == whole


@pytest.mark.usefixtures("ray_cluster")
def test_the_manifest_names_every_shard_in_order(table):
    request = table.label_request()
    summary = label(request, 3)
    manifest = read_manifest(table.root, "train")
    assert [line.shard for line in manifest.shards] == [0, 1, 2]
    assert manifest.num_groups == summary.num_groups == 12
    assert (manifest.digest, manifest.blocks, manifest.num_images) == ("shards", (3, 3), 120)
    assert summary.num_triplets == 12 * 2 * 3 * 3
    assert summary.num_draws == 12 * 6
    assert summary.num_bytes == sum(line.bytes for line in manifest.shards)


def test_coverage_is_that_of_uniform_independent_draws():
    summary = SplitSummary(
        split="train", strategy="random", blocks=(3,), num_images=2, num_drawable=2, num_remade=0,
        num_groups=1, num_triplets=1, num_draws=3, num_shards=1,
        num_new_shards=1, num_bytes=1, num_asked_shards=1, worst_eligible_share=1.0,
        teacher_temperature=1.0, has_new_manifest=True,
    )  # fmt: skip
    assert summary.expected_coverage == pytest.approx(1 - 0.5**3)
