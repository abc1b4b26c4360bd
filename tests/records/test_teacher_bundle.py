"""A teacher comes back as it was stored, or with one line about what is wrong."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.digests import canonical_json, parse_json, sha256
from alignet_ray.records.teacher_bundle import (
    BUNDLE_NAME,
    TRANSFORM_NAME,
    TeacherBundle,
    Transform,
    is_bundle,
    read_bundle,
    write_bundle,
)

DIM = 4


def make_transform(seed=0, mean=0.25, scale=3.0):
    random = np.random.default_rng(seed)
    weight, bias = random.normal(size=(DIM, DIM)), random.normal(size=DIM)
    as_stored = [array.astype(np.float32).astype(np.float64) for array in (weight, bias)]
    return Transform(weight=as_stored[0], bias=as_stored[1], mean=mean, scale=scale)


@pytest.fixture
def bundle(backbone):
    return TeacherBundle(
        backbone=backbone,
        transform=make_transform(),
        metrics={"accuracy": 0.5},
        provenance={"a": 1},
    )


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(seed=st.integers(0, 99), mean=st.floats(-1e9, 1e9), scale=st.floats(1e-9, 1e9))
@settings(max_examples=20)
def test_a_bundle_comes_back_as_it_was(kind, seed, mean, scale, new_root, backbone):
    root = new_root(kind)
    made = TeacherBundle(
        backbone=backbone,
        transform=make_transform(seed, mean, scale),
        metrics={"accuracy": mean},
        provenance={"host": "h"},
    )
    write_bundle(root, made)
    found = read_bundle(root)
    assert (found.backbone, found.metrics, found.provenance) == (
        made.backbone, made.metrics, made.provenance
    )  # fmt: skip
    np.testing.assert_array_equal(found.transform.weight, made.transform.weight)
    np.testing.assert_array_equal(found.transform.bias, made.transform.bias)
    assert (found.transform.mean, found.transform.scale) == (mean, scale)
    assert found.digest == made.digest


def test_the_digest_knows_the_transform_and_the_weights_but_not_their_place(bundle, backbone):
    assert replace(bundle, metrics={}, provenance={}).digest == bundle.digest
    assert bundle.with_checkpoint("elsewhere").digest == bundle.digest
    assert replace(bundle, transform=make_transform(1)).digest != bundle.digest
    assert replace(bundle, transform=make_transform(scale=2.0)).digest != bundle.digest
    other = replace(backbone, weights_sha256="1" * 64)
    assert replace(bundle, backbone=other).digest != bundle.digest


def test_the_transform_is_affine_on_standardised_features():
    transform = make_transform(mean=2.0, scale=0.5)
    features = np.random.default_rng(3).normal(size=(6, DIM)).astype(np.float32)
    literal = [
        transform.weight @ ((row.astype(np.float64) - 2.0) / 0.5) + transform.bias
        for row in features
    ]
    found = transform.apply(features)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, literal, rtol=1e-6)


def test_a_folder_without_a_bundle_says_what_writes_one(root):
    assert not is_bundle(root)
    with pytest.raises(InputError, match=r"no teacher bundle; .*jobs/fit_teacher.py"):
        read_bundle(root)


@pytest.mark.parametrize("cuts", [True, False])
@pytest.mark.parametrize("position", [0, 40, 200])
def test_an_altered_transform_is_a_record_error(root, bundle, alter, position, cuts):
    write_bundle(root, bundle)
    alter(root, TRANSFORM_NAME, position, cuts=cuts)
    with pytest.raises(RecordError, match=r"transform.safetensors: another SHA-256"):
        read_bundle(root)


def lay(root, bundle, transform_data, **fields):
    """A bundle whose digests fit whatever lies in it."""
    write_bundle(root, bundle)
    root.write(TRANSFORM_NAME, transform_data)
    document = parse_json(root.read(BUNDLE_NAME), "")
    document.update(transform_sha256=sha256(transform_data), **fields)
    root.write(BUNDLE_NAME, canonical_json(document))


def arrays(**changes):
    plain = {
        "weight": np.eye(DIM, dtype=np.float32), "bias": np.zeros(DIM, np.float32),
        "mean": np.zeros(1), "scale": np.ones(1),
    }  # fmt: skip
    return safetensors.numpy.save({**plain, **changes})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no safetensors", "unreadable"),
        (safetensors.numpy.save({"weight": np.eye(DIM)}), "unreadable"),
        (arrays(mean=np.zeros(0)), "unreadable"),
        (arrays(weight=np.eye(3, dtype=np.float32)), r"weight \(3, 3\)"),
        (arrays(bias=np.full(DIM, np.nan, np.float32)), "NaN"),
        (arrays(mean=np.array([np.nan])), "NaN"),
        (arrays(scale=np.array([np.inf])), "infinity"),
        (arrays(scale=np.zeros(1)), "a scale of 0"),
    ],
)
def test_a_transform_that_is_none_is_a_record_error(root, bundle, data, said):
    lay(root, bundle, data)
    with pytest.raises(RecordError, match=f"transform.safetensors: .*{said}"):
        read_bundle(root)


@pytest.mark.parametrize(
    "fields",
    [{"version": 2}, {"backbone": {}}, {"backbone": []}, {"backbone": {"preprocessing": 3}}],
)
def test_another_teacher_json_is_a_record_error(root, bundle, fields):
    lay(root, bundle, arrays(), **fields)
    with pytest.raises(RecordError, match=r"teacher.json: "):
        read_bundle(root)


@pytest.mark.parametrize("data", [b"", b'{"version": 1', b"[]"])
def test_a_broken_teacher_json_is_a_record_error(root, bundle, data):
    write_bundle(root, bundle)
    root.write(BUNDLE_NAME, data)
    with pytest.raises(RecordError, match=r"teacher.json: "):
        read_bundle(root)


def st_header(shape, offsets, dtype="F32"):
    header = {"weight": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}
    text = canonical_json(header)
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((1 << 62).to_bytes(8, "little"), "header too large"),
        ((90 << 20).to_bytes(8, "little"), "invalid header length"),
        (st_header([1 << 40, 1 << 40], [0, 4]) + bytes(4), "overflow"),
        (st_header([100], [0, 400]) + bytes(4), "not fully covered"),
        (st_header([0, 1 << 62], [0, 0]), "unreadable"),
        (st_header([2], [0, 4], "BF16") + bytes(4), "unreadable"),
        (st_header([4], [0, 4], "F8_E8M0") + bytes(4), "unreadable"),
        (arrays(mean=np.array(["text"]).view(np.uint8)[:0]), "unreadable"),
    ],
)
def test_a_safetensors_file_that_lies_is_a_record_error(root, bundle, data, said):
    lay(root, bundle, data)
    with pytest.raises(RecordError, match=f"transform.safetensors: .*{said}"):
        read_bundle(root)


def test_a_module_that_a_bundle_names_is_never_imported(root, bundle, tmp_path, monkeypatch):
    (tmp_path / "evil_plugin.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    lay(root, bundle, arrays(), plugins=["evil_plugin"], provenance={"plugins": ["evil_plugin"]})
    read_bundle(root)
    assert "evil_plugin" not in sys.modules
