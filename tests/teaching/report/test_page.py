"""The page as a browser reads it: every section whose data exist, escaped, self-contained."""

import re

import pytest

from alignet_ray.records.store import Folder
from alignet_ray.teaching.report.job import REPORT_NAME, write_report

HEADINGS = {
    "Does it choose as people do?": ("unseen_responses", "unseen_objects"),
    "Do its probabilities mean anything?": ("unseen_responses",),
    "How the settings were chosen": ("selection", "curves"),
    "What is near what": (),
    "What people see in things": ("human",),
    "What it was made of": (),
    "Records and next steps": (),
}


@pytest.fixture
def written(tmp_path):
    folder = Folder.at(str(tmp_path / "some teacher"))

    def write(report):
        assert write_report(folder, report) == folder.place(REPORT_NAME)
        return folder.read(REPORT_NAME)

    return write


def plain(reader):
    return " ".join(" ".join(reader.words).replace("\N{NO-BREAK SPACE}", " ").split())


def test_every_section_is_there(written, make_report, read_page):
    said = plain(read_page(written(make_report())))
    for heading in HEADINGS:
        assert heading in said
    for words in (
        "some_backbone (pre_logits, 32 px, 5 dimensions)", "30 of 32 named", "58.0 %",
        "[56.0, 60.0]", "67.2 % the most frequent answer", "64.4 % a person against the majority",
        "Change, paired: dot product +13.0", "65.0 % the probabilities' own choice",
        "1 object without an image: yo-yo", "empty <file>", "triplets 12,345", "choices 4,321",
        "held out, accuracy 0.6", "diverged", "1. chosen", "divided by 345",
        "as said, so done", "dimension 1", "of weight", "Most", "nearest of 30 objects",
        "python jobs/report.py --run", "optimizer: adam", "fold 1, lowest at 2",
    ):  # fmt: skip
        assert words.lower() in said.lower(), words


def test_it_asks_for_nothing_from_anywhere(written, make_report, read_page):
    data = written(make_report())
    reader = read_page(data)
    sources = [v for _, name, v in reader.attributes if name in {"src", "href", "action", "data"}]
    assert sources
    assert all(value.startswith("data:image/") for value in sources)
    assert not re.search(rb"https?://|@import|url\(", data)
    assert {"script", "link", "iframe", "object"}.isdisjoint(reader.names)


def test_ids_and_reasons_are_text_and_never_markup(written, make_report, read_page):
    report = make_report()
    hostile = report.object_ids[0]
    data = written(make_report(image_urls={}))
    assert b"<script" not in data
    assert hostile in read_page(data).text
    shown = written(report)
    assert b"<script" not in shown
    assert b"<file>" not in shown
    alts = {value for tag, name, value in read_page(shown).attributes if name == "alt"}
    assert alts <= set(report.object_ids)
    assert hostile in alts


@pytest.mark.parametrize(
    ("without", "changes", "gone", "said"),
    [
        (("unseen_responses",), {}, ["Do its probabilities"], "none were given (--responses)"),
        (("unseen_objects",), {}, [], "no objects were held out"),
        (
            ("unseen_responses", "unseen_objects"), {},
            ["Does it choose", "Do its probabilities"], "no objects were held out",
        ),
        (("selection",), {"curves": ()}, ["How the settings"], "none were kept"),
        (("selection",), {}, ["The settings of this teacher"], "fold 1"),
        ((), {"human": None}, ["What people see", "human embedding,"], "No dimensions"),
        (("vice",), {}, ["(VICE)"], "that was given"),
        ((), {"backbone": None}, ["some_backbone"], "Ready-made representations"),
        ((), {"image_urls": {}}, [], "ids stand in their place"),
        (
            ("unseen_responses", "unseen_objects", "selection", "vice", "counts"),
            {"human": None, "image_urls": {}, "curves": (), "backbone": None, "settings": {}},
            ["Does it choose", "Do its", "How the settings", "What people"], "What is near what",
        ),
    ],
)  # fmt: skip
def test_what_is_not_known_is_left_out_and_said(
    written, make_report, read_page, without, changes, gone, said
):
    data = written(make_report(without=without, **changes))
    text = plain(read_page(data))
    assert said in text
    assert "nan" not in text.lower().split()
    for words in gone:
        assert words not in text.replace("human embedding, only", "")


def test_ids_stand_in_place_of_pictures(written, make_report, read_page):
    report = make_report(image_urls={})
    reader = read_page(written(report))
    assert "img" not in reader.names
    assert "object_03" in reader.text


def test_pictures_that_cannot_be_read_are_counted(written, make_report, read_page):
    said = plain(read_page(written(make_report())))
    found = re.search(r"(\d) of \d+ pictures cannot be read any more", said)
    assert found
    assert found[1] in {"1", "2"}  # one does not decode, one is gone; shown or not


def test_the_grid_has_a_map_for_each_local_setting(written, make_report, read_page):
    report = make_report()
    cells = report.metrics["selection"]["cells"]
    report.metrics["selection"]["cells"] = [
        {**cell, "local_weight": weight, "local_temperature": 0.1}
        for weight in (0.0, 0.5)
        for cell in cells
    ]
    report.metrics["selection"]["winner"] |= {"local_weight": 0.5, "local_temperature": 0.1}
    reader = read_page(written(report))
    classes = [value for _, name, value in reader.attributes if name == "class"]
    assert classes.count("grid-map") == 2
    assert classes.count("won") == 2  # once on a map, once in the table
    assert "local weight 0.5; local temperature 0.1" in reader.text


def test_a_choice_that_was_called_impossible_reads_so(written, make_report, read_page):
    report = make_report()
    report.metrics["unseen_responses"]["calibration"]["before"]["negative_log_likelihood"] = None
    assert "infinite" in plain(read_page(written(report)))


def test_colours_follow_the_readers_scheme_and_widths_the_screen(written, make_report):
    data = written(make_report())
    assert b"prefers-color-scheme: dark" in data
    assert b"width=device-width" in data
    assert b"max-width: 640px" in data
    assert len(data) < 2_000_000


def test_how_the_settings_of_each_fold_came_about_is_said(written, make_report, read_page):
    words = "chosen by the other folds alone"
    assert words in plain(read_page(written(make_report())))
    assert words not in plain(read_page(written(make_report(without=("selection",)))))


def test_a_given_embedding_may_have_seen_the_responses(written, make_report, read_page):
    words = "only their makers know"
    assert words not in plain(read_page(written(make_report())))
    assert words in plain(read_page(written(make_report(without=("vice",)))))
