"""A square matrix of named rows as a picture: colours to both sides of 0, names at both edges.

One pixel an entry, enlarged by the page, so that a map of any size is small.
"""

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image

from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.plot import text

BELOW, MIDDLE, ABOVE = "#17756f", "#f5f1e6", "#c4512d"
"""Colours of the most negative value, of 0 and of the most positive one."""
_ABSENT = "#9a9fa4"
_WIDTH, _SIDE, _NAMES = 360.0, 236.0, 124.0
_LARGEST_WORDS, _WORDS_IN_ROW = 12.0, 0.86
_LETTER = 0.56
"""Width of a letter by its size, on average."""
_TURN = -55.0
"""Degrees that the names of columns are turned by."""

Matrix = Float[np.ndarray, "rows rows"]


def matrix_map(matrix: Matrix, names: Sequence[str], reach: float, description: str) -> Markup:
    """The map with the names of its rows and columns; values beyond `reach` have its colours, NaN
    is grey.
    """
    step = _SIDE / max(len(names), 1)
    size = min(_LARGEST_WORDS, _WORDS_IN_ROW * step)
    most = int((_NAMES - 7) / (_LETTER * size)) if names else 0
    short = [name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
             for name in names]  # fmt: skip
    rows = [
        text(_NAMES - 7, (row + 0.5) * step + 0.35 * size, name, "name", anchor="end")
        for row, name in enumerate(short)
    ]
    columns = [
        element("g", text(0, 0.35 * size, name, "name", anchor="end"),
                transform=f"translate({_NAMES + (column + 0.5) * step:.1f} {_SIDE + 7:g}) "
                f"rotate({_TURN:g})")
        for column, name in enumerate(short)
    ]  # fmt: skip
    longest = max(map(len, short), default=0)
    height = _SIDE + 10 + _LETTER * size * longest * math.sin(math.radians(-_TURN))
    picture = element(
        "image", href=_uri(matrix, reach), x=_NAMES, y=0, width=_SIDE, height=_SIDE,
        preserveAspectRatio="none",
    )  # fmt: skip
    return element(
        "svg", element("title", description), picture,
        element("g", *rows, *columns, font_size=size),
        viewBox=f"0 0 {_WIDTH:g} {height:.1f}", role="img", class_="matrix",
    )  # fmt: skip


def matrix_legend(below: str, middle: str, above: str) -> Markup:
    """The colours' ramp with words at its ends and in the middle."""
    return element(
        "div",
        element("div", class_="matrix-ramp"),
        element("div", *(element("span", words) for words in (below, middle, above)),
                class_="ramp-ends"),
        class_="matrix-legend",
    )  # fmt: skip


def _uri(matrix: Matrix, reach: float) -> str:
    colours = np.array([_rgb(colour) for colour in (BELOW, MIDDLE, ABOVE)], dtype=np.float64)
    levels = np.clip(np.nan_to_num(matrix) / (reach or 1.0), -1, 1)
    channels = [np.interp(levels, (-1, 0, 1), colours[:, channel]) for channel in range(3)]
    pixels = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    pixels[np.isnan(matrix)] = _rgb(_ABSENT)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


MATRICES_STYLE = f"""\
.matrix text {{ font-size: inherit; fill: var(--soft); }}
.matrix image {{ image-rendering: pixelated; }}
.matrix-legend {{ max-width: 340px; }}
.matrix-ramp {{ height: 10px; border-radius: 6px; margin-top: 14px;
  background: linear-gradient(90deg, {BELOW}, {MIDDLE}, {ABOVE}); }}
"""
"""Rules that a page with matrices adds to its style sheet."""
