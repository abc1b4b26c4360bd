"""Stimuli are found in one folder, or in one folder per class as ImageNet lies on disk."""

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.level_stimuli import find_stimuli

NAMES = ("n02088364_2", "n01440764_5", "n02088364_9", "n01440764_7")


def put(folder, *files):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"1234")


def test_one_folder(tmp_path):
    put(tmp_path, "n02088364_2.JPEG", "n01440764_5.jpg", "n02088364_9.png", "notes.txt")
    found = find_stimuli(str(tmp_path), NAMES)
    assert tuple(found.urls) == NAMES[:3]
    assert found.missing == NAMES[3:]


def test_one_folder_per_class_in_the_order_of_the_names(tmp_path):
    put(tmp_path, "n02088364/n02088364_2.JPEG", "n02088364/n02088364_9.JPEG",
        "n02088364/n02088364_1.JPEG", "n01440764/n01440764_5.JPEG", "README.txt")  # fmt: skip
    found = find_stimuli(str(tmp_path), NAMES)
    assert tuple(found.urls) == NAMES[:3]
    assert found.urls[NAMES[1]].endswith("/n01440764/n01440764_5.JPEG")
    assert found.sizes == dict.fromkeys(NAMES[:3], 4)
    assert found.missing == NAMES[3:]


def test_none_and_two_are_refused(tmp_path):
    put(tmp_path / "none", "cat.jpg")
    with pytest.raises(InputError, match="no image of the 4 objects"):
        find_stimuli(str(tmp_path / "none"), NAMES)
    put(tmp_path / "two", "n02088364/n02088364_2.JPEG", "n02088364/n02088364_2.png")
    with pytest.raises(InputError, match="several images of one object"):
        find_stimuli(str(tmp_path / "two"), NAMES)
