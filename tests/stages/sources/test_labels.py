"""Labels of flat images, in every layout that ImageNet comes in."""

import pyarrow as pa
import pytest

from alignet_ray.errors import InputError
from alignet_ray.stages.sources.labels import with_labels, with_labels_of_names
from alignet_ray.stages.sources.rows import listing_rows

KEYS = ["val_2.JPEG", "val_0.JPEG", "val_1.JPEG"]


def labels_of(tmp_path, text, keys=KEYS, name="labels.txt"):
    path = tmp_path / name
    path.write_text(text)
    size = len(keys)
    rows = listing_rows("here", keys, keys, [1] * size, [None] * size)
    found = with_labels(rows, str(path))
    assert found.schema == rows.schema
    assert found.column("key").to_pylist() == keys
    return dict(zip(keys, found.column("label").to_pylist(), strict=True))


WANTED = {"val_0.JPEG": "n01", "val_1.JPEG": "n02", "val_2.JPEG": "n01"}


@pytest.mark.parametrize(
    "text",
    [
        "val_0.JPEG n01\nval_1.JPEG n02\nval_2.JPEG n01\n",
        "val_0.JPEG\tn01\t0\t32\t44\t62\nval_1.JPEG\tn02\t5\t5\t9\t9\nval_2.JPEG\tn01\t0\t0\t1\t1\n",
        "name,label\nval_0,n01\nval_1,n02\nval_2,n01\n",
        '"val_0.JPEG","n01"\n"val_1.JPEG","n02"\n"val_2.JPEG","n01"\n',
        "n01\nn02\nn01\n",
        "\nval_0.JPEG n01\n\nval_1.JPEG n02\nval_2.JPEG n01",
        "val_0.JPEG n01 0 32 44 62\nval_1.JPEG n02 5 5 9 9\nval_2.JPEG n01 0 0 1 1\n",
    ],
    ids=["blanks", "tabs, boxes", "csv", "quoted", "by position", "empty lines", "blanks, boxes"],
)
def test_every_layout_gives_the_same_labels(tmp_path, text):
    assert labels_of(tmp_path, text) == WANTED


def test_a_box_behind_a_wordnet_id_is_no_part_of_it(tmp_path):
    text = "ImageId,PredictionString\nval_0,n03995372 85 1 499 272\nval_1,golden retriever\n"
    found = labels_of(tmp_path, text)
    assert found == {
        "val_0.JPEG": "n03995372",
        "val_1.JPEG": "golden retriever",
        "val_2.JPEG": None,
    }


def test_a_label_of_several_words_is_whole(tmp_path):
    found = labels_of(tmp_path, "val_0.JPEG great white shark\nval_1.JPEG great grey owl\n")
    assert list(found.values()) == [None, "great white shark", "great grey owl"]


def test_names_in_sub_folders_are_found_by_path_or_base_name(tmp_path):
    keys = ["images/val_0.JPEG", "images/val_1.JPEG"]
    assert labels_of(tmp_path, "images/val_0.JPEG a\nval_1.JPEG b\n", keys) == dict(
        zip(keys, "ab", strict=True)
    )


def test_names_that_begin_with_their_labels():
    keys = ["a/n01440764_10026.JPEG", "n01443537_gold_fish.jpg", "_nothing.jpg", "plain.jpg"]
    rows = listing_rows("here", keys, keys, [1] * 4, ["a", None, None, None])
    found = with_labels_of_names(rows, "_")
    assert found.schema == rows.schema
    assert found.column("label").to_pylist() == ["n01440764", "n01443537", None, None]
    with pytest.raises(InputError, match=r"no label before '=' in any of 4 names"):
        with_labels_of_names(rows, "=")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "labels.txt: empty"),
        ("a\nb\n", "2 labels without names for 3 images"),
        ("cat.jpg a\ndog.jpg b\n", "none of its 2 names \\(cat.jpg, dog.jpg\\)"),
        ("val_0.JPEG a\nval_0.JPEG b\n", "val_0.JPEG is a and b"),
        ("val_0.JPEG a\nval_1.JPEG\n", "no label in the line 'val_1.JPEG'"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        labels_of(tmp_path, text)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00")
    rows: pa.Table = listing_rows("here", ["a"], ["a"], [1], [None])
    with pytest.raises(InputError, match="no text"):
        with_labels(rows, str(tmp_path / "labels.txt"))
