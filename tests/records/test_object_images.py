"""Images are matched to objects by id, and what cannot be matched is said."""

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.object_images import find_object_images

NAMES = ("ant", "bat1", "bat2", "cup", "hot-air_balloon")


def put(folder, name, content):
    (folder / name).write_text(content)


def refusal(*arguments):
    with pytest.raises(InputError) as caught:
        find_object_images(*arguments)
    return str(caught.value)


def test_images_are_found_by_id(tmp_path):
    files = ("ant.JPG", "bat1_01b.jpg", "bat2_02s.png", "hot-air_balloon_01s.webp", "cup.txt")
    for name in (*files, "antelope_01b.jpg", "ant_x.jpg", "index.html"):
        put(tmp_path, name, name)
    images = find_object_images(str(tmp_path), NAMES)
    assert {key: url.rpartition("/")[2] for key, url in images.urls.items()} == dict(
        zip(("ant", "bat1", "bat2", "hot-air_balloon"), files, strict=False)
    )
    assert list(images.urls) == ["ant", "bat1", "bat2", "hot-air_balloon"]
    assert images.missing == ("cup",)
    assert images.sizes["ant"] == len("ant.JPG")


def test_an_id_that_ends_like_an_example_is_itself(tmp_path):
    put(tmp_path, "cup_01b.jpg", "x")
    put(tmp_path, "cup_01b_01b.jpg", "y")
    with pytest.raises(InputError, match="several images of one object"):
        find_object_images(str(tmp_path), ("cup_01b", "cup"))


def test_two_images_of_an_object_and_none_at_all(tmp_path):
    for name in ("cup_01b.jpg", "cup_02s.jpg", "ant.jpg"):
        put(tmp_path, name, "x")
    assert "'cup': cup_01b.jpg, cup_02s.jpg" in refusal(str(tmp_path), NAMES)
    assert "no image of the 1 objects" in refusal(str(tmp_path), ("dog",))
