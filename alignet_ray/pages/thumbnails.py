"""A thumbnail as an element of the page."""

from alignet_ray.pages.markup import Markup, element, shortened
from alignet_ray.pages.pictures import Picture


def thumbnail(picture: Picture) -> Markup:
    """A small picture that names itself; a grey square where the stored bytes do not decode."""
    name = shortened(picture.key)
    if picture.uri is None:
        return element("div", class_="missing", title=f"{name}: does not decode")
    return element("img", src=picture.uri, alt=name, title=name, loading="lazy")
