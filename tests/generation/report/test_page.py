"""The page as a browser reads it: whole, self-contained, escaped, the same every time."""

import re

import numpy as np
import pytest

from alignet_ray.generation.report import counting
from alignet_ray.generation.report.facts import gather
from alignet_ray.generation.report.job import REPORT_NAME, write_report
from alignet_ray.generation.report.page import page
from alignet_ray.generation.report.run_records import read_run


@pytest.fixture(scope="module")
def written(run, in_order):
    write_report(run.root, mapped=in_order)
    return run.root.read(REPORT_NAME)


@pytest.fixture(scope="module")
def reader(written, read_page):
    return read_page(written)


def plain(reader):
    return " ".join(" ".join(reader.words).replace("\N{NO-BREAK SPACE}", " ").split())


def test_it_is_written_below_the_run(run, written, in_order):
    assert write_report(run.root, mapped=in_order) == run.root.place("report/index.html")
    assert written.startswith(b'<!doctype html>\n<html lang="en">')


def test_it_asks_for_nothing_from_anywhere(written, reader):
    sources = [v for _, name, v in reader.attributes if name in {"src", "href", "action", "data"}]
    assert sources
    assert all(value.startswith("data:image/") for value in sources)
    assert not re.search(rb"https?://|@import|url\(", written)
    assert {"script", "link", "iframe", "object"}.isdisjoint(reader.names)


def test_labels_and_keys_are_text_and_never_markup(written, reader, truth):
    assert b"<script" not in written
    assert truth.hostile in reader.text
    assert "b" in reader.names  # ours; the reason with <b> in it is text
    assert "does not decode (<b>)" in reader.text
    shown = {value for tag, name, value in reader.attributes if (tag, name) == ("img", "alt")}
    assert any(value.startswith(truth.hostile) for value in shown)
    assert any("日本" in value for value in shown)


def test_counts_stand_on_it(reader, run, truth):
    said = plain(reader)
    for words in (
        f"{truth.num_images} images labelled by the teacher some_backbone",
        "transformed by the affine map abababab", "train triplets 60 ", "of 3 x 2 images",
        "Rejects", "empty file", "Contact sheets", "K = 2", run.root.url,
        f"python jobs/train.py --runs {run.root.url}", "python jobs/verify.py",
        "nearly one-hot", "--shards.teacher-temperature", "purity",
    ):  # fmt: skip
        assert words in said


def test_it_is_the_same_whatever_task_ends_first(run, in_order, backwards):
    records = read_run(run.root)
    first, second = (page(gather(records, mapped)) for mapped in (in_order, backwards))
    assert first == second


def test_colours_follow_the_readers_scheme_and_widths_the_screen(written):
    assert b"prefers-color-scheme: dark" in written
    assert b"width=device-width" in written
    assert b"max-width: 640px" in written


def test_a_triplet_has_three_pictures_three_links_and_one_odd(reader):
    classes = [value for tag, name, value in reader.attributes if name == "class"]
    figures = sum(value.startswith("triplet") for value in classes)
    assert figures == 1 + 5 + 3  # the hero, five of train, all of validation
    assert classes.count("photo") == 3 * figures
    assert classes.count("link pair") == classes.count("odd") == figures
    assert classes.count("link") == 2 * figures


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"has_labels": False}, "purity"),
        ({"splits": ("train",)}, "Validation triplets"),
        ({"splits": ("validation",)}, "Train triplets"),
        ({"decodes": False}, "image/jpeg"),
        ({"blocks": (2, 1)}, "A group"),
        ({"strategy": "random", "blocks": (6,)}, "eligible: K"),
        ({"strategy": "within_class", "blocks": (3, 3)}, "eligible: K"),
        ({"is_converted": True, "blocks": (2, 1)}, "k-means"),
    ],
)
def test_every_kind_of_run_has_a_whole_page(make_run, in_order, read_page, changes, absent):
    other = make_run(**{"num_groups": 2, **changes})
    data = page(gather(read_run(other.root), in_order))
    said = plain(read_page(data))
    assert "What the teacher says" in said
    assert "nan" not in said
    assert absent.encode() not in data


def test_a_converted_run_says_so(make_run, in_order, read_page):
    other = make_run(is_converted=True, blocks=(2, 1))
    said = plain(read_page(page(gather(read_run(other.root), in_order))))
    assert "somebody else labelled" in said
    assert "Clusters" not in said


def test_an_elbow_is_drawn_where_there_was_a_search(make_run, in_order, read_page, truth):
    other = make_run(elbow=((2, 9.0), (4, 3.5), (truth.num_clusters, 1.25), (9, 1.0)))
    reader = read_page(page(gather(read_run(other.root), in_order)))
    assert "Inertia against the number of clusters; chosen 6" in reader.text
    assert [v for tag, name, v in reader.attributes if tag == "circle" and name == "r"] == [
        "4", "4", "6", "4",
    ]  # fmt: skip


def test_what_was_sampled_is_said(run, in_order, read_page, monkeypatch):
    monkeypatch.setattr(counting, "MOST_PARTS_COUNTED", 2)
    monkeypatch.setattr(counting, "MOST_SIDECARS_READ", 3)
    monkeypatch.setattr(counting, "MOST_GROUPS_COUNTED", 1)
    said = plain(read_page(page(gather(read_run(run.root), in_order))))
    assert "seeded sample of 2 of 5 parts" in said
    assert "Counted in a seeded sample of the image table" in said
    assert "not counted" in said
    assert "times drawn" not in said


def test_a_page_of_noise_stays_small(run, written):
    assert len(written) < 4_000_000
    assert np.frombuffer(written, np.uint8).size == len(written)
