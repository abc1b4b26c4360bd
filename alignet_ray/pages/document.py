"""A page's shell: its sections in order, in one self-contained HTML document."""

from collections.abc import Sequence

from alignet_ray.pages.markup import Markup, element


def document(title: str, style: str, sections: Sequence[Markup | None], footer: str) -> bytes:
    """The document as UTF-8; it asks for nothing from anywhere. Sections that are None are not
    there.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(style)),
    )
    main = element(
        "main",
        *(section for section in sections if section is not None),
        element("footer", footer),
    )
    page = element("html", head, element("body", main), lang="en")
    return f"<!doctype html>\n{page}\n".encode("utf-8", "replace")
