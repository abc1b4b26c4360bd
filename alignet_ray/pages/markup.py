"""HTML and SVG built from elements, so that every tag closes and every text is escaped."""

import html

Number = int | float

_VOID = frozenset({"img", "meta", "br"})
_UNBREAKABLE = "\N{NO-BREAK SPACE}"
_MILLION = 10_000_000
_LONGEST_TEXT = 160


class Markup(str):
    """Text that is markup already; any other string is escaped where it is used."""


def element(name: str, /, *children: str, **attributes: str | Number | None) -> Markup:
    """An element. `class_` is class, `stroke_width` is stroke-width; None leaves one out."""
    inside = "".join(f" {_name(k)}={_quoted(v)}" for k, v in attributes.items() if v is not None)
    if name in _VOID:
        return Markup(f"<{name}{inside}>")
    return Markup(f"<{name}{inside}>{together(*children)}</{name}>")


def together(*children: str) -> Markup:
    """Children one after the other."""
    return Markup("".join(c if isinstance(c, Markup) else html.escape(c) for c in children))


def _name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")


def _quoted(value: str | Number) -> str:
    text = value if isinstance(value, str) else f"{value:.6g}"
    return f'"{html.escape(text)}"'


def shortened(text: str) -> str:
    """The text, or its two ends where it is very long: keys come from users."""
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2 - 1
    return f"{text[:half]} … {text[-half:]}"


def count(number: int) -> str:
    """A count as a person reads it: 1,234 or 12.3 M."""
    return f"{number:,}" if number < _MILLION else f"{number / 1e6:,.1f}{_UNBREAKABLE}M"


def counted(number: int, noun: str) -> str:
    """A count with its noun, plural by an s: 1 shard, 2 shards."""
    return f"{count(number)}{_UNBREAKABLE}{noun}{'' if number == 1 else 's'}"


def size(num_bytes: int) -> str:
    """Bytes in decimal units: 30.4 MB."""
    value, unit = float(num_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return (
        f"{value:,.3g}{_UNBREAKABLE}{unit}" if value < 1000 else f"{value:,.0f}{_UNBREAKABLE}{unit}"
    )


def share(fraction: float) -> str:
    """A share in per cent, one decimal; never 0 or 100 where it is not all or nothing."""
    if 0 < fraction < 0.001:
        return f"<{_UNBREAKABLE}0.1{_UNBREAKABLE}%"
    if 0.999 < fraction < 1:
        return f">{_UNBREAKABLE}99.9{_UNBREAKABLE}%"
    return f"{100 * fraction:.1f}{_UNBREAKABLE}%"
