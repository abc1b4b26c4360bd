"""The manifest is written once, grows at its end, and is pinned by its head."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import canonical_json, sha256
from alignet_ray.records.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestShard,
    manifest_shard,
    read_manifest,
    write_manifest,
)
from alignet_ray.records.shards import shard_folder, sidecar_name, write_shard

HEX = st.text("0123456789abcdef", min_size=8, max_size=8)
SHARDS = st.builds(
    ManifestShard,
    shard=st.integers(0, 999),
    samples=st.integers(1, 99),
    bytes=st.integers(1 << 21, 1 << 40),
    sha256=HEX,
    sidecar_sha256=HEX,
)
MANIFESTS = st.builds(
    Manifest,
    digest=HEX,
    split=st.sampled_from(["train", "validation"]),
    strategy=st.sampled_from(["random", "cluster_border"]),
    blocks=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple),
    teacher_temperature=st.floats(1e-6, 1e6),
    num_images=st.integers(1, 1 << 40),
    shards=st.lists(SHARDS, max_size=5).map(tuple),
)


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(manifest=MANIFESTS)
@settings(max_examples=20)
def test_a_manifest_comes_back_as_it_was(kind, manifest, new_root):
    root = new_root(kind)
    assert write_manifest(root, manifest)
    assert read_manifest(root, manifest.split) == manifest
    assert not write_manifest(root, manifest)


def test_without_a_manifest_a_split_is_not_finished(root):
    assert read_manifest(root, "train") is None


def test_a_line_names_the_digests_of_shard_and_sidecar(root, make_groups):
    folder = shard_folder(root, "train")
    shard = write_shard(
        folder, make_groups(3), shard=4, split="train", settings_digest="", parts={}, statistics={}
    )
    line = manifest_shard(folder, shard)
    assert (line.shard, line.samples, line.bytes) == (4, 3, shard.bytes)
    assert line.sha256 == sha256(folder.read("000004.tar"))
    assert line.sidecar_sha256 == sha256(folder.read(sidecar_name(4)))


@given(MANIFESTS, st.lists(SHARDS, max_size=3))
def test_a_pin_holds_while_shards_join_at_the_end(manifest, more):
    count = len(manifest.shards)
    longer = replace(manifest, shards=(*manifest.shards, *more))
    assert longer.pin(count) == manifest.pin(count)
    if more:
        assert longer.pin(count + 1) != manifest.pin(count)


@given(MANIFESTS.filter(lambda manifest: manifest.shards), HEX)
def test_a_pin_breaks_where_a_shard_or_the_settings_change(manifest, other):
    count = len(manifest.shards)
    changed = replace(manifest.shards[-1], sidecar_sha256=other + "0")
    shards = (*manifest.shards[:-1], changed)
    assert replace(manifest, shards=shards).pin(count) != manifest.pin(count)
    assert replace(manifest, digest=other + "0").pin(count) != manifest.pin(count)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"shards": [', b'{"shards": [3], "blocks": []}'])
def test_a_broken_manifest_is_a_record_error(root, data):
    shard_folder(root, "train").write(MANIFEST_NAME, data)
    with pytest.raises(RecordError, match=r"manifest.json: "):
        read_manifest(root, "train")


def lines(**changes):
    line = {"shard": 0, "samples": 4, "bytes": 1 << 20, "sha256": "a", "sidecar_sha256": "b"}
    return [{**line, **changes}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": "../../other"}, "split"),
        ({"split": "validation"}, "split"),
        ({"strategy": "../x"}, "strategy"),
        ({"blocks": [10**9]}, "groups of 1,000,000,000 images"),
        ({"blocks": ["2", "1"]}, "blocks"),
        ({"blocks": []}, "blocks"),
        ({"teacher_temperature": "hot"}, "teacher temperature 'hot'"),
        ({"teacher_temperature": 0}, "teacher temperature 0"),
        ({"shards": lines(samples=10**18)}, "samples in 1,048,576 bytes"),
        ({"shards": lines(samples=10**18, bytes=10**30)}, "shard 0 of"),
        ({"shards": lines(samples=-1)}, "shard 0 of -1 samples"),
        ({"shards": lines(shard="../../x")}, "shard '../../x'"),
        ({"shards": lines(sha256=["../x"])}, "without digests"),
    ],
)
def test_counts_and_names_that_lie_are_a_record_error(root, changes, said):
    fields = {
        "digest": "d", "split": "train", "strategy": "random", "blocks": [3],
        "teacher_temperature": 1.0, "num_images": 9, "shards": lines(),
    }  # fmt: skip
    folder = shard_folder(root, "train")
    folder.write(MANIFEST_NAME, canonical_json(fields))
    assert read_manifest(root, "train").num_groups == 4
    folder.write(MANIFEST_NAME, canonical_json({**fields, **changes}))
    # Under the tests a field of another type is refused as it is set, before it is looked at.
    with pytest.raises(RecordError, match=f"manifest.json: .*({said}|expected a manifest)"):
        read_manifest(root, "train")
