"""What is printed can colour a terminal, and do nothing else to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.terminal import plain_output, spelled_out


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_plain_text_stays_as_it_is(text):
    assert spelled_out(f"{text} \n\t{text}") == f"{text} \n\t{text}"


@given(st.text("\x1b[];m0?ABh\x07\x9b\r\u202e"))
def test_no_order_but_a_colour_comes_through(text):
    left = spelled_out(text)
    while "\x1b" in left:
        start = left.index("\x1b")
        order, _, left = left[start:].partition("m")
        assert order.startswith("\x1b[")
        assert set(order[2:]) <= set("0123456789;")
    assert not set("\x07\x9b\r\u202e") & set(left)


def test_names_are_spelled_out_where_they_are_printed(capsys: pytest.CaptureFixture[str]):
    with plain_output():
        print("cat\x1b]0;owned\x07", "\x1b[1mbold\x1b[0m", end="\n")
    print("\x1b[2J", end="")
    assert capsys.readouterr().out == "cat\\x1b]0;owned\\x07 \x1b[1mbold\x1b[0m\n\x1b[2J"
