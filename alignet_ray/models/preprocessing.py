"""From bytes to pixels: decoding, the stored copy for students, and a backbone's own resize.

Bytes that were read whole and do not decode raise `DecodeError` with the reason that the image
table keeps; every other failure is somebody else's.
"""

import io
import math

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from alignet_ray.config.backbone import Preprocessing

MAX_PIXELS = 178_956_970
"""Twice Pillow's own warning limit: above it an image is taken for a decompression bomb."""

MAX_SIDE = 65_500
"""The longest side that a JPEG, and so a stored copy, can have."""
MAX_ASPECT_RATIO = 64
"""Above it the shorter side of a resized image would leave nothing to see, or gigabytes to crop."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # no warning below what we refuse ourselves

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# MPO is a JPEG with a second picture behind it, as many cameras and telephones write it.
_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
_FORMATS = ("JPEG", "PNG", "WEBP")  # Pillow opens MPO as JPEG: it is no format to ask for
_SIXTEEN_BIT_STEP = 257
_ROWS_AT_ONCE = 256
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class DecodeError(Exception):
    """These bytes are no image that we take; the text is the reject reason."""


def decode_image(data: bytes) -> Image.Image:
    """The image as RGB, upright. Raises DecodeError with a reason."""
    if not data:
        raise DecodeError("empty file")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as source:
            _refuse_unusable(source)
            return upright_rgb(source)
    except (DecodeError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise DecodeError("not a JPEG, PNG or WebP image") from error
    except Image.DecompressionBombError as error:
        raise DecodeError(f"more than {MAX_PIXELS} pixels") from error
    except Exception as error:  # decoders of hostile bytes promise no closed set of errors
        raise DecodeError(f"does not decode ({str(error) or type(error).__name__})") from error


def upright_rgb(image: Image.Image) -> Image.Image:
    """The opened image as RGB, turned as its EXIF orientation says, on white where it is clear."""
    image.load()
    return _as_rgb(_upright(image))


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says; EXIF that cannot be read turns nothing.

    Not `ImageOps.exif_transpose`: that writes the whole EXIF anew, and fails on odd tags that have
    nothing to do with the pixels.
    """
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # whatever is wrong there, the pixels are whole
        return image
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _refuse_unusable(source: Image.Image) -> None:
    width, height = source.size
    if width * height > MAX_PIXELS:
        raise DecodeError(f"more than {MAX_PIXELS} pixels")
    if max(width, height) > MAX_SIDE:
        raise DecodeError(f"a side longer than {MAX_SIDE} pixels")
    if max(width, height) > MAX_ASPECT_RATIO * min(width, height):
        raise DecodeError(f"more than {MAX_ASPECT_RATIO} times longer than wide")
    if source.format != "MPO" and getattr(source, "n_frames", 1) > 1:
        raise DecodeError("animated")


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.mode in {"LA", "PA", "RGBA", "RGBa", "La"} or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Levels of 16 bits or fractions rounded to 8 bits, some rows at a time: as 64-bit numbers
    all of them would be eight times the picture.
    """
    width, height = image.size
    found = np.empty((height, width), np.uint8)
    step = 1 if image.mode == "F" else _SIXTEEN_BIT_STEP
    for top in range(0, height, _ROWS_AT_ONCE):
        bottom = min(top + _ROWS_AT_ONCE, height)
        levels = np.asarray(image.crop((0, top, width, bottom)), dtype=np.float64) / step
        found[top:bottom] = np.clip(np.rint(levels), 0, 255)
    return Image.fromarray(found)


def extension_of(data: bytes) -> str:
    """File extension of the format that the bytes are in."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as source:
        return _EXTENSIONS[source.format or ""]


def stored_copy(image: Image.Image, *, shorter_side: int, quality: int) -> bytes:
    """JPEG of the image with its shorter side at most `shorter_side` pixels."""
    width, height = image.size
    scale = shorter_side / min(width, height)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = image.resize(size, Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def to_pixels(image: Image.Image, preprocessing: Preprocessing) -> UInt8[np.ndarray, "side side 3"]:
    """The square that the backbone sees, before mean and standard deviation."""
    side = preprocessing.resolution
    shorter = math.floor(side / preprocessing.crop_fraction)
    width, height = image.size
    if preprocessing.resize == "squash":
        size = (shorter, shorter)
    elif width <= height:
        size = (shorter, int(shorter * height / width))
    else:
        size = (int(shorter * width / height), shorter)
    image = image.resize(size, _FILTERS[preprocessing.interpolation])
    if size != (side, side):
        left, top = round((size[0] - side) / 2), round((size[1] - side) / 2)
        image = image.crop((left, top, left + side, top + side))
    return np.asarray(image)
