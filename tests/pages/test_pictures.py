"""Thumbnails and heat maps."""

import io

import numpy as np
from PIL import Image

from alignet_ray.pages.pictures import SMALL, heat_map, picture


def test_bytes_that_do_not_decode_are_no_picture():
    shown = picture(b"not an image", "k", None, SMALL)
    assert (shown.data, shown.uri, shown.key) == (None, None, "k")


def test_a_thumbnail_is_the_middle_square():
    pixels = np.zeros((30, 90, 3), np.uint8)
    pixels[:, 30:60] = (250, 10, 10)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    shown = picture(stream.getvalue(), "k", "l", SMALL)
    found = np.asarray(Image.open(io.BytesIO(shown.data)))
    assert found.shape == (SMALL, SMALL, 3)
    assert found[:, 4:-4, 0].min() > 200
    assert shown.uri.startswith("data:image/jpeg;base64,")


def test_a_heat_map_colours_by_value_and_leaves_the_diagonal_grey():
    matrix = np.array([[900, 1, 2], [1, 900, 3], [2, 3, 900]], dtype=np.float32)
    heat = heat_map(matrix)
    pixels = np.asarray(Image.open(io.BytesIO(heat.data))).astype(int)
    assert pixels.shape == (3, 3, 3)
    assert (pixels[0, 0] == pixels.diagonal(axis1=0, axis2=1).T).all()
    assert pixels[0, 1].sum() < pixels[0, 2].sum() < pixels[1, 2].sum()
    assert (pixels == pixels.swapaxes(0, 1)).all()
    assert 1 <= heat.low < heat.high <= 3


def test_a_heat_map_of_equal_values_is_even():
    heat = heat_map(np.ones((4, 4), np.float32))
    assert heat.low == heat.high == 1
