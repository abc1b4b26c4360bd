"""Dots on lanes: inside the lane, in proportion, with every number in words as well."""

import re

from alignet_ray.pages.dots import Ceiling, Dot, dot_plot

GROUPS = {"dot <b>": [Dot("before", 0.4, 0.35, 0.45), Dot("after", 0.6)]}


def test_places_are_in_proportion(read_page):
    drawn = dot_plot(GROUPS, [Ceiling("people", 0.65, "person")], 0.3, 0.7)
    reader = read_page(drawn.encode())
    styles = [value for _, name, value in reader.attributes if name == "style"]
    assert "left: 25.00%" in styles  # 0.4 of 0.3 to 0.7
    assert "left: 75.00%" in styles
    assert "left: 12.50%; width: 25.00%" in styles
    assert styles.count("left: 87.50%") == 2  # the ceiling crosses both lanes
    assert all(0 <= float(own) <= 100 for own in re.findall(r"left: ([\d.]+)%", drawn))


def test_numbers_and_names_are_words(read_page):
    reader = read_page(dot_plot(GROUPS, [Ceiling("people", 0.65, "person")], 0.3, 0.7).encode())
    said = reader.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "dot <b>" in said
    assert "40.0 % [35.0, 45.0]" in said
    assert "60.0 %" in said
    assert "65.0 % people" in said


def test_a_dot_without_an_interval_has_none():
    drawn = dot_plot({"a": [Dot("after", 0.5)]}, [], 0.0, 1.0)
    assert "reach" not in drawn
    assert "[" not in drawn


def test_nothing_is_less_than_nothing():
    drawn = dot_plot(
        {"a": [Dot("after", -0.0001, -0.0002, 0.0)]}, [Ceiling("no relation", 0.0, "chance")],
        -0.1, 0.1, is_share=False,
    )  # fmt: skip
    assert "-0.000" not in drawn
    assert "0 no relation" in drawn
