"""Elements escape what is not markup, and numbers read well."""

import pytest

from alignet_ray.pages.markup import (
    Markup,
    count,
    counted,
    element,
    share,
    shortened,
    size,
)


def test_text_and_attributes_are_escaped():
    assert element("p", "<&>", title="\"'<") == '<p title="&quot;&#x27;&lt;">&lt;&amp;&gt;</p>'


def test_markup_is_kept():
    assert element("p", element("b", "x"), Markup("<i></i>")) == "<p><b>x</b><i></i></p>"


def test_names_of_attributes_are_spelled_for_python():
    made = element("line", class_="a", stroke_width=1.5, viewBox="0 0", absent=None, name="n")
    assert made == '<line class="a" stroke-width="1.5" viewBox="0 0" name="n"></line>'


def test_void_elements_do_not_close():
    assert element("img", src="data:,") == '<img src="data:,">'


@pytest.mark.parametrize(
    ("made", "read"),
    [
        (count(1234), "1,234"), (count(12_345_678), "12.3 M"),
        (counted(1, "shard"), "1 shard"), (counted(2000, "shard"), "2,000 shards"),
        (size(999), "999 B"), (size(30_400_000), "30.4 MB"), (size(2_000_000_000_000), "2 TB"),
        (share(0.0), "0.0 %"), (share(0.0004), "< 0.1 %"), (share(0.5), "50.0 %"),
        (share(0.9999), "> 99.9 %"), (share(1.0), "100.0 %"),
    ],
)  # fmt: skip
def test_numbers_read_well(made, read):
    assert made.replace("\N{NO-BREAK SPACE}", " ") == read


def test_long_keys_keep_both_ends():
    text = "a" * 500 + "z.jpg"
    assert len(shortened(text)) <= 165
    assert shortened(text).endswith("z.jpg")
    assert shortened("short") == "short"
