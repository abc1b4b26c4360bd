"""Settings are frozen: read back as they were, refused when edited or when others are asked."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.records.run import (
    CONFIG_NAME,
    STAGES,
    RunSettings,
    freeze_settings,
    image_root,
    read_settings,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 53), 1 << 53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
STAGE = st.dictionaries(st.text("ab_", min_size=1), VALUES, max_size=3)
SETTINGS = RunSettings(
    images={"seed": 0, "stored": {"quality": 90}}, clusters={"c": 8}, shards={"pool": None}
)


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(images=STAGE, clusters=STAGE, shards=STAGE)
@settings(max_examples=40)
def test_settings_come_back_as_they_were(kind, images, clusters, shards, new_root):
    root = new_root(kind)
    wanted = RunSettings(images=images, clusters=clusters, shards=shards)
    assert freeze_settings(root, wanted)
    assert read_settings(root) == wanted
    assert not freeze_settings(root, wanted)


def test_digests_are_the_same_on_disk_and_in_a_bucket(new_root):
    texts = []
    for kind in ("local", "memory"):
        root = new_root(kind)
        freeze_settings(root, SETTINGS)
        texts.append(root.read(CONFIG_NAME))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("stage", range(3))
def test_a_setting_changes_the_digests_of_its_stage_and_of_those_after_it(stage):
    changed = {name: dict(getattr(SETTINGS, name)) for name in STAGES}
    changed[STAGES[stage]]["new"] = 1
    before = SETTINGS.to_document()["digests"]
    after = RunSettings(**changed).to_document()["digests"]
    assert [before[name] != after[name] for name in STAGES] == [i >= stage for i in range(3)]


def test_other_settings_are_refused_naming_the_field(root):
    freeze_settings(root, SETTINGS)
    other = RunSettings(
        images={"seed": 0, "stored": {"quality": 80}}, clusters={"c": 8}, shards={"pool": 3}
    )
    with pytest.raises(MismatchError) as caught:
        freeze_settings(root, other)
    assert "images.stored.quality 80 (made with 90)" in str(caught.value)
    assert caught.value.place == root.place(CONFIG_NAME)
    assert "--images-from" not in str(caught.value)


def test_a_seed_is_named_by_its_flag(root):
    freeze_settings(root, SETTINGS)
    with pytest.raises(MismatchError, match=r"--seed 3 \(made with 0\), images\.stored"):
        freeze_settings(
            root, replace(SETTINGS, images={"seed": 3, "stored": {"quality": 8}}, clusters={})
        )


@pytest.mark.parametrize("stage", ["clusters", "shards"])
def test_other_clusters_or_shards_are_told_how_to_keep_the_images(root, stage):
    freeze_settings(root, SETTINGS)
    with pytest.raises(MismatchError) as caught:
        freeze_settings(root, replace(SETTINGS, **{stage: {"seed": 1}}))
    said = f"--images-from {root.url} --output NEW embeds nothing again."
    assert str(caught.value).endswith(said)


def test_a_converted_run_has_embedded_nothing(root):
    converted = replace(SETTINGS, clusters={})
    freeze_settings(root, converted)
    with pytest.raises(MismatchError, match="--output NEW reads no image again"):
        freeze_settings(root, replace(converted, shards={"pool": 1}))


def edited(root, edit):
    freeze_settings(root, SETTINGS)
    document = yaml.safe_load(root.read(CONFIG_NAME))
    edit(document)
    root.write(CONFIG_NAME, yaml.safe_dump(document).encode())


EDITS = {
    "a setting": lambda document: document["images"].update(seed=1),
    "a new setting": lambda document: document["shards"].update(more=1),
    "a digest": lambda document: document["digests"].update(images="0" * 64),
    "a date": lambda document: document["images"].update(seed=__import__("datetime").date.today()),
    "infinity": lambda document: document["images"].update(seed=float("inf")),
    "no stage": lambda document: document.pop("clusters"),
    "an empty stage": lambda document: document.update(clusters=None),
    "no digests": lambda document: document.pop("digests"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_config_is_refused(root, edit):
    edited(root, edit)
    with pytest.raises(RecordError, match=r"config.yaml: (its settings were edited|unreadable)"):
        read_settings(root)


@pytest.mark.parametrize("data", [b"", b"a: [", b"\xff\xfe\x00", b"text", b"- 1"])
def test_a_config_that_is_none_is_refused(root, data):
    root.write(CONFIG_NAME, data)
    with pytest.raises(RecordError, match=r"config.yaml: unreadable"):
        read_settings(root)


def test_another_format_version_is_refused(root):
    edited(root, lambda document: document.update(version=2))
    with pytest.raises(RecordError, match="format version 2; expected version 1"):
        read_settings(root)


def test_a_new_root_has_no_settings(root):
    assert read_settings(root) is None


def test_a_run_that_borrows_its_images_has_the_same_digests(new_root):
    own, other = new_root("memory"), new_root("memory")
    borrowing = RunSettings(
        images=SETTINGS.images,
        clusters=SETTINGS.clusters,
        shards=SETTINGS.shards,
        images_from=other.url,
    )
    freeze_settings(own, borrowing)
    assert read_settings(own) == borrowing
    assert borrowing.to_document()["digests"] == SETTINGS.to_document()["digests"]
    assert image_root(own) == other
    assert image_root(other) == other


@pytest.mark.parametrize(
    "text",
    [
        "images: " + "[" * 5000,
        "images: &a {b: *a}\nclusters: {}\nshards: {}\ndigests: {}\nversion: 1",
        "images: !!python/object/apply:os.system ['true']",
        "images: 2020-99-99",
        "- 1",
        "3",
        "images: [1]\nclusters: 2\nshards: x\ndigests: 4\nversion: 1",
    ],
)
def test_a_config_that_is_a_bomb_or_nonsense_is_a_record_error(root, text):
    root.write(CONFIG_NAME, text.encode())
    with pytest.raises(RecordError, match=r"config.yaml: "):
        read_settings(root)
