"""Images find their categories by their labels, and every image without is counted."""

import pytest

from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.hierarchy.sorted_images import category_counts, read_sorted_images

TABLE = "class,basic,superordinate\npug,dog,animal\nbeagle,dog,animal\nsofa,sofa,furniture\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text(TABLE)
    return str(path)


def test_images_outside_the_hierarchy_or_without_a_label_are_counted(photo_folder, table):
    folder = photo_folder(labels=("pug", "beagle", "sofa", "ghost"), images_per_label=2)
    (folder / "sofa" / "000.jpg").unlink()
    (folder / "ghost" / "000.jpg").rename(folder / "flat.jpg")
    config = HierarchyConfig(images=(str(folder),), categories=table)
    found = read_sorted_images(config)
    assert found.images.keys == (
        "beagle/000.jpg", "beagle/001.jpg", "pug/000.jpg", "pug/001.jpg", "sofa/001.jpg"
    )  # fmt: skip
    counts = {key: value for key, value in found.counts.items() if key.startswith("num_")}
    assert counts == {
        "num_given": 7,
        "num_without_label": 1,
        "num_outside_hierarchy": 1,
        "num_classes_outside_hierarchy": 1,
    }
    numbered = found.numbered(found.images.keys)
    assert category_counts(numbered) == {
        "num_images": 5,
        "num_classes": 3,
        "num_classes_of_one_image": 1,
        "num_basic": 2,
        "num_superordinate": 2,
    }
    assert found.superordinate_names(numbered) == ["animal", "furniture"]
    assert found.numbered(found.images.keys[4:]).superordinates == ("furniture",)


def test_flat_images_are_labelled_by_their_names(photo_folder, table):
    folder = photo_folder(labels=("here",), images_per_label=3)
    for number, label in enumerate(("pug", "pug", "sofa")):
        (folder / "here" / f"00{number}.jpg").rename(folder / f"{label}_{number}.jpg")
    source = SourceConfig(label_separator="_")
    config = HierarchyConfig(images=(str(folder),), categories=table, source=source)
    assert read_sorted_images(config).images.labels == ("pug", "pug", "sofa")


def test_labels_that_the_hierarchy_does_not_know_are_one_line(photo_folder, table):
    folder = photo_folder(labels=("cat", "pug"), images_per_label=2)
    with pytest.raises(InputError, match=r"2 of 4 images .*such as 'cat'.*such as 'beagle'"):
        read_sorted_images(HierarchyConfig(images=(str(folder),), categories=table))


@pytest.mark.real
def test_real_images_find_their_places_by_their_names(real_data):
    config = HierarchyConfig(
        images=tuple(
            str(real_data / name / "images") for name in ("imagenet_sample", "imagenet_det")
        ),
        categories=str(real_data / "hierarchy" / "modified"),
        source=SourceConfig(label_separator="_"),
    )  # fmt: skip
    found = read_sorted_images(config)
    counts = {**found.counts, **category_counts(found.numbered(found.images.keys))}
    assert counts["num_given"] == 2000
    assert counts["num_images"] + counts["num_outside_hierarchy"] == 2000
    assert (counts["num_images"], counts["num_superordinate"]) == (1590, 29)
