"""Categories from a table and from the files of BREEDS."""

import json
from collections import Counter

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.class_hierarchy import (
    categories_of,
    read_class_categories,
    read_class_hierarchy,
)


def breeds(folder, edges="root a\na b\nb c\nroot d\n", classes=((0, "c", "see"), (1, "x", "ex"))):
    (folder / "class_hierarchy.txt").write_text(edges)
    (folder / "node_names.txt").write_text("a\tletter a, first\nc\tletter c\n")
    (folder / "dataset_class_info.json").write_text(json.dumps(classes))
    return str(folder)


def test_a_table_is_read(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("class,basic,superordinate\npug,dog,animal\nsofa,sofa,furniture\n")
    read = read_class_categories(str(path))
    assert read.basic == {"pug": "dog", "sofa": "sofa"}
    assert read.superordinate == {"pug": "animal", "sofa": "furniture"}
    assert read.names["dog"] == "dog"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("pug,dog,animal\npug,cat,animal\n", "class 'pug' again in row 2"),
        ("pug,dog,animal\nbeagle,dog,pet\n", "'dog' is 'pet' in row 2 and 'animal' before"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path, rows, said):
    path = tmp_path / "classes.csv"
    path.write_text(f"class,basic,superordinate\n{rows}")
    with pytest.raises(InputError, match=said):
        read_class_categories(str(path))


def test_the_files_of_breeds_are_read(tmp_path):
    hierarchy = read_class_hierarchy(breeds(tmp_path), "root")
    found = categories_of(hierarchy, superordinate_level=1, basic_level=2)
    assert (found.basic, found.superordinate) == ({"c": "b"}, {"c": "a"})
    assert (found.names["a"], found.names["b"]) == ("letter a, first", "b")
    assert found.without == ("x",)
    assert hierarchy.numbers == {"c": 0, "x": 1}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"edges": "root a b\nlonely\n"}, "'lonely' in line 2"),
        ({"edges": "a c\nroot a\nc a\n"}, "a circle through"),
        ({"edges": "a b\n"}, "no class is below the root 'root'"),
        ({"classes": ((0, "c"),)}, "unreadable"),
        ({"classes": ((0, "c", "x"), (1, "c", "x"))}, "repeated: 'c'"),
    ],
)
def test_broken_files_are_refused(tmp_path, changes, said):
    with pytest.raises(InputError, match=said):
        read_class_hierarchy(breeds(tmp_path, **changes), "root")


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no dataset_class_info\.json"):
        read_class_categories(str(tmp_path))


@pytest.mark.real
def test_imagenet_has_29_superordinate_categories_of_890_classes(real_data):
    found = read_class_categories(str(real_data / "hierarchy" / "modified"))
    assert (len(found.basic), len(found.without)) == (890, 110)
    counts = Counter(found.names[above] for above in found.superordinate.values())
    assert len(counts) == 29
    assert counts["mammal, mammalian"] == 217
    assert found.names[found.basic["n02110958"]].startswith("dog"), "pug"
    assert found.names[found.basic["n01443537"]].startswith("goldfish")
    above = {}
    for name, own in found.basic.items():
        assert above.setdefault(own, found.superordinate[name]) == found.superordinate[name]
