"""Points lie where their coordinates say, grey ones below; colours have names."""

import re

from alignet_ray.pages.scatter import NUM_COLOURS, SCATTER_STYLE, scatter, scatter_legend


def test_points_are_in_proportion_and_grey_ones_lie_below(read_page):
    drawn = scatter([(-1, -1), (1, 1), (0, 0)], [0, -1, 0], "x", "y", "said")
    paths = re.findall(r'd="([^"]*)" class="dots-of ([^"]*)"', drawn)
    assert [name for _, name in paths] == ["colour-rest", "colour-0"]
    assert paths[0][0] == "M392.0 8.0h0"
    assert paths[1][0] == "M8.0 392.0h0M200.0 200.0h0"
    assert read_page(drawn.encode()).text == "saidx \N{RIGHTWARDS ARROW}\N{UPWARDS ARROW} y"


def test_every_colour_has_a_rule_in_light_and_dark():
    for number in range(NUM_COLOURS):
        assert SCATTER_STYLE.count(f".colour-{number} {{") == 2


def test_the_legend_names_colours_and_the_rest_where_there_is_one(read_page):
    assert read_page(scatter_legend(["a", "b"], "others").encode()).text == "abothers"
    assert "colour-rest" not in scatter_legend(["a"], "")
