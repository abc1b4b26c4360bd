"""Progress where nobody watches: plain lines on standard error, or nothing at all."""

import pytest

from alignet_ray.stages import progress as progress_module
from alignet_ray.stages.progress import progress, status


def test_the_last_item_prints_a_line_with_rate_and_time_left(capsys):
    with progress("embed", 2000, "images") as advance:
        advance(500)
        advance(1500)
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("embed: 2,000 of 2,000 images, ")
    assert line.endswith(" images/s, 0 s left")


def test_long_work_prints_on_its_way(capsys, monkeypatch):
    monkeypatch.setattr(progress_module, "_LINE_SECONDS", 0.0)
    with progress("label", 4, "shards") as advance:
        advance(1)
        advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "label: 1 of 4 shards",
        "label: 2 of 4 shards",
    ]


@pytest.mark.parametrize(("total", "is_shown"), [(5, False), (0, True)])
def test_nothing_is_shown_where_nothing_is_asked_or_to_do(total, is_shown, capsys):
    with progress("embed", total, "images", is_shown=is_shown) as advance:
        advance(total)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("embed", 3, "images") as advance:
        advance(3)
    err = capsys.readouterr().err
    assert "embed" in err
    assert "3/3" in err


def test_work_of_unknown_length_says_how_it_goes_now_and_then(capsys):
    with status("vice") as say:
        say("epoch 1")
        say("epoch 2")
    assert capsys.readouterr() == ("", "vice: epoch 1\n")


def test_work_of_unknown_length_is_quiet_where_asked(capsys):
    with status("vice", is_shown=False) as say:
        say("epoch 1")
    assert capsys.readouterr() == ("", "")
