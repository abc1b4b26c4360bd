"""A page's shell."""

from alignet_ray.pages.document import document
from alignet_ray.pages.markup import element
from alignet_ray.pages.style import stylesheet


def test_sections_stand_in_order_and_absent_ones_nowhere(read_page):
    sections = (element("h1", "one"), None, element("p", "<two>"))
    data = document("a & b", stylesheet(".own { color: red; }\n"), sections, "the end")
    reader = read_page(data)
    assert data.startswith(b'<!doctype html>\n<html lang="en">')
    assert reader.names.index("h1") < reader.names.index("p") < reader.names.index("footer")
    assert b"<title>a &amp; b</title>" in data
    assert "<two>" in reader.text


def test_own_rules_stand_before_those_for_narrow_screens():
    sheet = stylesheet(".own { color: red; }\n")
    assert sheet.index("body {") < sheet.index(".own") < sheet.index("@media (max-width")
    assert sheet.replace(".own { color: red; }\n", "") == stylesheet()
