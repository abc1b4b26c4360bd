"""Pixels are timm's own; every file that is no image that we take says why."""

import contextlib
import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import timm.data
import torch
from PIL import Image, ImageOps

from alignet_ray.config.backbone import Preprocessing
from alignet_ray.models.preprocessing import (
    MAX_PIXELS,
    DecodeError,
    decode_image,
    extension_of,
    stored_copy,
    to_pixels,
)

SIZES = [(64, 64), (100, 41), (41, 100), (300, 65), (33, 47), (500, 375)]


def picture(width=48, height=32, seed=0):
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def preprocessing(**fields):
    plain = {
        "resolution": 32, "resize": "crop", "crop_fraction": 0.875, "interpolation": "bicubic",
        "mean": (0.0,) * 3, "std": (1.0,) * 3,
    }  # fmt: skip
    return Preprocessing(**{**plain, **fields})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("resize", ["crop", "squash"])
@pytest.mark.parametrize(("side", "fraction"), [(32, 0.875), (32, 1.0), (31, 0.9), (33, 0.95)])
def test_pixels_are_those_of_timms_evaluation(size, interpolation, resize, side, fraction):
    image = picture(*size)
    transform = timm.data.create_transform(
        input_size=(3, side, side), is_training=False, interpolation=interpolation,
        crop_pct=fraction, crop_mode={"crop": "center", "squash": "squash"}[resize],
        normalize=False,
    )  # fmt: skip
    settings = preprocessing(
        resolution=side, resize=resize, interpolation=interpolation, crop_fraction=fraction
    )
    expected = torch.as_tensor(transform(image)).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(to_pixels(image, settings), expected)


def test_a_squash_without_a_crop_keeps_the_whole_image():
    image = picture(90, 40)
    settings = preprocessing(resize="squash", crop_fraction=1.0)
    expected = image.resize((32, 32), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(to_pixels(image, settings), np.asarray(expected))


def test_an_image_comes_back_as_it_was_encoded():
    image = picture()
    for data in (encoded(image), encoded(image, "WEBP", lossless=True)):
        np.testing.assert_array_equal(np.asarray(decode_image(data)), np.asarray(image))
    jpeg = np.asarray(decode_image(encoded(image, "JPEG", quality=95)), dtype=int)
    assert np.abs(jpeg - np.asarray(image)).mean() < 5


def test_grey_becomes_three_equal_channels():
    grey = picture().convert("L")
    expected = np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(np.asarray(decode_image(encoded(grey))), expected)


def test_cmyk_becomes_rgb():
    image = picture()
    found = decode_image(encoded(image.convert("CMYK"), "JPEG", quality=95, subsampling=0))
    assert found.mode == "RGB"
    assert np.abs(np.asarray(found, dtype=int) - np.asarray(image)).mean() < 6


def test_a_palette_becomes_its_colours():
    palette = picture().quantize(16)
    np.testing.assert_array_equal(
        np.asarray(decode_image(encoded(palette))), np.asarray(palette.convert("RGB"))
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode):
    image = Image.new("RGBA", (4, 4), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 2, 4))
    data = encoded(image.convert(mode))
    pixels = np.asarray(decode_image(data))
    assert (pixels[:, :2] == 255).all()
    assert (pixels[:, 2:] < 255).any(axis=2).all()


def test_a_transparent_colour_without_an_alpha_channel_is_white():
    image = Image.new("RGB", (4, 2), (9, 8, 7))
    image.paste((1, 2, 3), (0, 0, 1, 2))
    pixels = np.asarray(decode_image(encoded(image, transparency=(1, 2, 3))))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 1].tolist() == [9, 8, 7]


def test_sixteen_bits_become_eight_by_scaling():
    levels = np.array([[0, 257, 257 * 100, 65535]], dtype=np.uint16)
    pixels = np.asarray(decode_image(encoded(Image.fromarray(levels))))
    assert pixels[0, :, 0].tolist() == [0, 1, 100, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_upright_as_its_exif_says(orientation):
    image = picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, "JPEG", quality=95, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(np.asarray(decode_image(data)), np.asarray(expected))
    assert (decode_image(data).size == image.size) == (orientation < 5)


def test_a_picture_with_a_second_one_behind_it_is_the_first():
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture(seed=1)])
    alone = encoded(picture(), "JPEG")
    np.testing.assert_array_equal(np.asarray(decode_image(data)), np.asarray(decode_image(alone)))
    assert extension_of(data) == "jpg"


def png_header(width, height):
    """A whole PNG but for its pixels, which nobody should get to read."""

    def chunk(name, data):
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b"")


def animated(kind):
    return encoded(picture(), kind, save_all=True, append_images=[picture(seed=1)])


BAD_FILES = {
    "zero bytes": (b"", "empty file"),
    "text": (b"no image at all\n" * 9, "not a JPEG, PNG or WebP image"),
    "a GIF": (encoded(picture(), "GIF"), "not a JPEG, PNG or WebP image"),
    "a truncated JPEG": (encoded(picture(), "JPEG")[:400], "does not decode"),
    "a truncated PNG": (encoded(picture())[:200], "does not decode"),
    "an animated WebP": (animated("WEBP"), "animated"),
    "an animated PNG": (animated("PNG"), "animated"),
    "an animated GIF": (animated("GIF"), "not a JPEG, PNG or WebP image"),
    "a bomb": (png_header(60_000, 60_000), f"more than {MAX_PIXELS} pixels"),
    "no pixels": (png_header(32, 32), "does not decode"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "not a JPEG, PNG or WebP image"),
}


@pytest.mark.parametrize(("data", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_image_that_we_take_says_why(data, reason):
    with pytest.raises(DecodeError, match=reason):
        decode_image(data)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_altered_bytes_give_an_image_or_a_reason_and_nothing_else(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(picture(), kind, exif=exif)
    random = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for position in random.integers(0, len(data), size=int(random.integers(1, 6))):
            data[position] = random.integers(256)
        with contextlib.suppress(DecodeError):
            assert decode_image(bytes(data)).mode == "RGB"


def test_a_stored_copy_has_the_asked_shorter_side_and_shape():
    copy = Image.open(io.BytesIO(stored_copy(picture(300, 200), shorter_side=50, quality=90)))
    assert (copy.format, copy.size) == ("JPEG", (75, 50))


def test_a_small_image_is_not_enlarged():
    copy = Image.open(io.BytesIO(stored_copy(picture(30, 20), shorter_side=50, quality=90)))
    assert copy.size == (30, 20)


def test_a_stored_copy_looks_like_the_image():
    image = picture(300, 200)
    copy = decode_image(stored_copy(image, shorter_side=200, quality=90))
    assert np.abs(np.asarray(copy, dtype=int) - np.asarray(image)).mean() < 3


@pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_the_extension_is_that_of_the_bytes(kind, extension):
    assert extension_of(encoded(picture(), kind)) == extension


@pytest.mark.parametrize(("size", "reason"), [((70_000, 1), "a side longer"), ((6500, 100), "64")])
def test_shapes_that_leave_nothing_to_see_are_rejects(size, reason):
    stream = io.BytesIO()
    Image.new("L", size).save(stream, "PNG")
    with pytest.raises(DecodeError, match=reason):
        decode_image(stream.getvalue())


def test_sixteen_bits_are_rounded_alike_whatever_the_height():
    random = np.random.default_rng(0)
    levels = random.integers(0, 1 << 16, (700, 12), dtype=np.uint16)
    found = decode_image(encoded(Image.fromarray(levels)))
    expected = np.rint(levels / 257).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(found), np.repeat(expected[:, :, None], 3, axis=2))


def test_sixteen_bits_take_no_more_room_than_the_picture():
    data = encoded(Image.fromarray(np.zeros((4000, 4000), np.uint16)))
    tracemalloc.start()
    decode_image(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20  # as 64-bit numbers alone the picture would be 128 MB, twice


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_text_in_a_picture_is_not_unpacked_without_end(kind):
    lead = {b"zTXt": b"k\0\0", b"iCCP": b"k\0\0", b"iTXt": b"k\0\1\0\0\0"}[kind]
    body = kind + lead + zlib.compress(bytes(64 << 20))
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    whole = encoded(picture())
    tracemalloc.start()
    with pytest.raises(DecodeError, match="does not decode"):
        decode_image(whole[:33] + chunk + whole[33:])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
