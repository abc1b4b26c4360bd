"""Small parts of a page: a tile with a figure, a fact with its name."""

from alignet_ray.pages.markup import Markup, element, together


def tile(name: str, figure: str, aside: str, *, warns: bool = False) -> Markup:
    """One of the tiles of a `dl.tiles`: a figure, its name and what explains it."""
    return element(
        "div",
        element("dt", name),
        element(
            "dd", element("div", figure, class_="figure"), element("div", aside, class_="aside")
        ),
        class_="tile warn" if warns else "tile",
    )


def fact(name: str, value: str) -> Markup:
    """A line of a `dl.facts`."""
    return together(element("dt", name), element("dd", value))
