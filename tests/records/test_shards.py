"""A shard is a plain WebDataset tar, a pure function of its groups, and never half believed."""

import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import canonical_json, parse_json
from alignet_ray.records.shards import (
    end_of_read,
    finished_numbers,
    parse_sidecar,
    read_groups,
    read_sidecar,
    sample_key,
    shard_folder,
    sidecar_name,
    tar_name,
    write_shard,
)

PARTS = {"images": {"000000": "ab"}, "clusters": {"000000": "cd"}}


def write(folder, groups, shard=12):
    return write_shard(
        folder,
        groups,
        shard=shard,
        split="train",
        settings_digest="settings",
        parts=PARTS,
        statistics={"eligible_share": 0.5},
    )


def assert_same_groups(found, expected):
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left.similarities, right.similarities)
        assert left.similarities.dtype == np.float32
        zero = np.zeros((0, 0), np.float32)
        assert vars(replace(left, similarities=zero)).keys() == vars(right).keys()
        for name, value in vars(right).items():
            if name != "similarities":
                assert getattr(left, name) == value


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(
    num_groups=st.integers(1, 5),
    blocks=st.sampled_from([(2, 1), (3,), (2, 2), (4,) * 3]),
    seed=st.integers(0, 99),
)
@settings(max_examples=15)
def test_groups_and_sidecar_come_back_as_they_were(
    kind, num_groups, blocks, seed, new_root, make_groups
):
    root = new_root(kind)
    groups = make_groups(num_groups, blocks, seed)
    record = write(root, groups)
    assert read_sidecar(root, 12) == record
    assert record.num_groups == num_groups
    assert_same_groups(read_groups(root, record, 0, num_groups), groups)


def test_any_run_of_groups_is_read_alone(root, make_groups):
    groups = make_groups(6)
    record = write(root, groups)
    for first in range(7):
        for last in range(first, 7):
            assert_same_groups(read_groups(root, record, first, last), groups[first:last])


def test_the_same_groups_give_the_same_bytes(new_root, make_groups):
    texts = []
    for kind in ("local", "local", "memory"):
        root = new_root(kind)
        write(root, make_groups(4))
        texts.append((root.read(tar_name(12)), root.read(sidecar_name(12))))
    assert texts[0] == texts[1] == texts[2]


def test_webdataset_reads_a_shard(local_root, make_groups):
    groups = make_groups(3, (2, 2))
    write(local_root, groups)
    url = os.path.join(local_root.url, tar_name(12))
    samples = list(webdataset.WebDataset(url, shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [sample_key(12, n) for n in range(3)]
    for sample, group in zip(samples, groups, strict=True):
        names = [f"{i:03d}.{e}" for i, e in enumerate(group.extensions)]
        assert tuple(sample[name] for name in names) == group.images
        matrix = np.load(io.BytesIO(sample["similarities.npy"]), allow_pickle=False)
        np.testing.assert_array_equal(matrix, group.similarities)
        assert json.loads(sample["json"]) == json.loads(json.dumps(group.meta()))


def test_tarfile_reads_a_shard_that_names_nobody(local_root, make_groups):
    record = write(local_root, make_groups(2))
    data = local_root.read(tar_name(12))
    assert len(data) == record.bytes
    assert len(data) % tarfile.RECORDSIZE == 0
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = tar.getmembers()
        assert all(
            m.isreg() and (m.mtime, m.uid, m.gid, m.mode) == (0, 0, 0, 0o644) for m in members
        )
        assert {m.uname + m.gname for m in members} == {""}
        listed = [
            [suffix, offset, size]
            for sample in record.samples
            for suffix, offset, size in sample["members"]
        ]
        assert [[m.name.split(".", 1)[1], m.offset_data, m.size] for m in members] == listed


@given(
    num_groups=st.integers(1, 4),
    blocks=st.sampled_from([(2, 1), (4,) * 3]),
    extension=st.text("jpgnéü", min_size=1, max_size=60),
    shard=st.integers(0, 10**7),
)
@settings(max_examples=30)
def test_the_bytes_are_those_that_tarfile_and_numpy_write(
    num_groups, blocks, extension, shard, new_root, make_groups
):
    root = new_root("memory")
    groups = [
        replace(group, extensions=(extension,) * sum(blocks))
        for group in make_groups(num_groups, blocks)
    ]
    record = write(root, groups, shard)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in literal_members(groups, shard):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert root.read(tar_name(shard)) == stream.getvalue()
    assert record.sha256 == hashlib.sha256(stream.getvalue()).hexdigest()


def literal_members(groups, shard):
    for number, group in enumerate(groups):
        key = sample_key(shard, number)
        for position, image in enumerate(group.images):
            yield f"{key}.{position:03d}.{group.extensions[position]}", image
        matrix = io.BytesIO()
        np.save(matrix, group.similarities)
        yield f"{key}.similarities.npy", matrix.getvalue()
        yield f"{key}.json", canonical_json(group.meta())


def test_the_sidecar_is_written_after_the_tar(local_root, make_groups):
    order = []

    class Watched(type(local_root)):
        def write(self, name, data):
            order.append(name)
            super().write(name, data)

    write(Watched(local_root.url), make_groups(1))
    assert order == [tar_name(12), sidecar_name(12)]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_a_truncated_shard_is_a_record_error(root, make_groups, alter, share):
    record = write(root, make_groups(4))
    alter(root, tar_name(12), int(share * record.bytes), cuts=True)
    with pytest.raises(RecordError, match=r"000012.tar: .* bytes; expected the [\d,]+ bytes"):
        read_groups(root, record, 0, 4)


def test_a_missing_shard_is_a_record_error(root, make_groups):
    record = write(root, make_groups(2))
    root.delete(tar_name(12))
    with pytest.raises(RecordError, match=r"000012.tar: missing"):
        read_groups(root, record, 0, 2)


def test_every_altered_byte_of_a_group_is_found(local_root, make_groups, alter):
    record = write(local_root, make_groups(3))
    sample = record.samples[1]
    whole = local_root.read(tar_name(12))
    for position in np.random.default_rng(0).integers(0, sample["bytes"], size=40).tolist():
        alter(local_root, tar_name(12), sample["offset"] + position)
        with pytest.raises(RecordError, match=r"000012.tar: group 000012-00001 has another SHA"):
            read_groups(local_root, record, 0, 3)
        read_groups(local_root, record, 0, 1)
        local_root.write(tar_name(12), whole)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}", b'{"samples": 3}', b'{"shard": 1, "samples": []}']
)
def test_a_broken_sidecar_is_a_record_error(root, data):
    root.write(sidecar_name(12), data)
    with pytest.raises(RecordError, match=r"000012.json: "):
        read_sidecar(root, 12)


def test_a_missing_sidecar_is_a_record_error(root):
    with pytest.raises(RecordError, match=r"000012.json: missing"):
        read_sidecar(root, 12)


def test_pickled_similarities_are_refused_even_where_every_digest_fits(
    root, make_groups, monkeypatch
):
    stream = io.BytesIO()
    np.save(stream, np.array([[print] * 3] * 3, dtype=object), allow_pickle=True)
    monkeypatch.setattr("alignet_ray.records.shards.npy_bytes", lambda _array: stream.getvalue())
    record = write(root, make_groups(1))
    with pytest.raises(RecordError, match=r"000012-00000 is unreadable .*allow_pickle"):
        read_groups(root, record, 0, 1)


def test_splits_lie_beside_each_other(root):
    assert shard_folder(root, "validation").url == f"{root.url}/shards/validation"


@given(st.integers(1, 40_000))
def test_reads_end_at_about_the_asked_bytes_and_miss_no_group(make_groups, new_root, read_bytes):
    folder = new_root("memory")
    shard = write_shard(
        folder, make_groups(9), shard=0, split="train", settings_digest="d", parts={}, statistics={}
    )
    first = 0
    while first < 9:
        end = end_of_read(shard, first, 9, read_bytes)
        size = sum(sample["bytes"] for sample in shard.samples[first:end])
        assert end == first + 1 or (end > first and size <= read_bytes)
        assert end == 9 or size + shard.samples[end]["bytes"] > read_bytes
        first = end


def test_only_whole_pairs_under_their_own_names_are_finished_shards():
    pairs = {"000000.tar", "000000.json", "000007.tar", "000007.json"}
    others = {
        "000002.tar",
        "000003.json",
        "20240101.tar",
        "1.tar",
        "1.json",
        "\u00b2.tar",
        "m.json",
    }
    assert finished_numbers(pairs | others) == [0, 7]


@pytest.mark.parametrize(
    "changes",
    [
        {"offset": -512}, {"offset": 1 << 60}, {"bytes": 1 << 60}, {"offset": "0"}, {"bytes": 1.5},
        {"key": ["x"]}, {"members": [["jpg", 0, 1 << 60]]}, {"members": [["jpg", -9, 3]]},
        {"members": [[1, 2]]}, {"members": 3},
    ],
)  # fmt: skip
def test_a_sidecar_that_points_out_of_its_tar_is_a_record_error(root, make_groups, changes):
    write(root, make_groups(1))
    fields = parse_json(root.read(sidecar_name(12)), "")
    fields["samples"][0].update(changes)
    with pytest.raises(RecordError, match=r"000012.json: samples outside the shard"):
        parse_sidecar(canonical_json(fields), "000012.json")


@pytest.mark.parametrize("extension", ["../../x", "/x", "", "a b"])
def test_an_extension_that_would_name_another_place_is_never_written(root, make_groups, extension):
    group = replace(make_groups(1)[0], extensions=("jpg", extension, "png"))
    with pytest.raises(RecordError, match=r"extension .*; expected letters and digits"):
        write(root, [group])


def test_a_group_that_lacks_ids_is_a_record_error(root, make_groups):
    record = write(root, [replace(make_groups(1)[0], keys=("a", "b"))])
    with pytest.raises(RecordError, match=r"unreadable .3 images, but"):
        read_groups(root, record, 0, 1)
