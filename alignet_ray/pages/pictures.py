"""Small pictures for the page: square thumbnails and heat maps, as data URIs."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps

from alignet_ray.models.preprocessing import DecodeError, decode_image

SMALL, MEDIUM, LARGE = 96, 144, 400
_QUALITY = {SMALL: 76, MEDIUM: 80, LARGE: 84}

SCALE_COLOURS = ("#10202e", "#1c4c66", "#2c8480", "#86c58c", "#f5efc4")
"""Colours of a heat map from its lowest to its highest value."""
_DIAGONAL = "#8a8f94"
_RANGE_PERCENTILES = (1.0, 99.0)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A thumbnail and what it shows; `data` is None where the stored bytes do not decode."""

    data: bytes | None
    key: str
    label: str | None

    @property
    def uri(self) -> str | None:
        """As the source of an image element."""
        return jpeg_uri(self.data) if self.data is not None else None


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """A symmetric matrix as a PNG of one pixel an entry, and the values at the ends of its
    colours; the diagonal is grey, because the similarity of an image to itself dwarfs the rest.
    """

    data: bytes
    side: int
    low: float
    high: float

    @property
    def uri(self) -> str:
        """As the source of an image element."""
        return _uri("image/png", self.data)


def picture(image: bytes, key: str, label: str | None, side: int) -> Picture:
    """A thumbnail of a stored image: its middle square, `side` pixels."""
    try:
        data = _square(decode_image(image), side)
    except DecodeError:
        data = None
    return Picture(data=data, key=key, label=label)


def _square(image: Image.Image, side: int) -> bytes:
    stream = io.BytesIO()
    square = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
    square.save(stream, "JPEG", quality=_QUALITY[side], optimize=True)
    return stream.getvalue()


def heat_map(matrix: Float[np.ndarray, "images images"]) -> HeatMap:
    """Colours of the entries off the diagonal, clipped at their 1st and 99th percentile."""
    is_diagonal = np.eye(len(matrix), dtype=bool)
    low, high = np.percentile(matrix[~is_diagonal].astype(np.float64), _RANGE_PERCENTILES)
    span = high - low if high > low else 1.0
    colours = _colours(np.clip((matrix - low) / span, 0, 1))
    colours[is_diagonal] = _rgb(_DIAGONAL)
    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, "PNG", optimize=True)
    return HeatMap(data=stream.getvalue(), side=len(matrix), low=float(low), high=float(high))


def _colours(levels: Float[np.ndarray, "rows columns"]) -> UInt8[np.ndarray, "rows columns 3"]:
    stops = np.linspace(0, 1, len(SCALE_COLOURS))
    anchors = np.array([_rgb(colour) for colour in SCALE_COLOURS])
    channels = [np.interp(levels, stops, anchors[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def jpeg_uri(data: bytes) -> str:
    """A JPEG as a data URI."""
    return _uri("image/jpeg", data)


def _uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
