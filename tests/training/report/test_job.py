"""The page is made again from the folder alone, by the same job that knows runs and teachers."""

import runpy
from pathlib import Path

import pytest

from alignet_ray.config.report import ReportConfig
from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.page_facts import FACTS_NAME
from alignet_ray.training.report.job import REPORT_NAME, report, write_report
from alignet_ray.training.report.record import read_facts

SCRIPT = Path(__file__).resolve().parents[3] / "jobs" / "report.py"


def test_the_same_folder_gives_the_same_page_and_nothing_is_written_twice(make_student):
    folder = make_student()
    url = write_report(folder)
    assert url == folder.place(REPORT_NAME)
    path = Path(url)
    first = path.read_bytes(), path.stat().st_mtime_ns
    assert report(ReportConfig(run=folder.url)) == url
    assert (path.read_bytes(), path.stat().st_mtime_ns) == first


def test_facts_come_back_as_they_were(make_student):
    folder = make_student()
    facts = read_facts(folder)
    assert (facts.looked_at, facts.towards, facts.away) == (96, 21, 8)
    assert [own.data is None for own in facts.triplets[0].pictures] == [False, True, False]
    folder.write(FACTS_NAME, b'{"runs": []}')
    with pytest.raises(RecordError, match=r"facts.json: a record that lacks 'triplets'"):
        read_facts(folder)
    folder.delete(FACTS_NAME)
    assert read_facts(folder) is None


def test_a_folder_without_a_student_says_what_writes_one(tmp_path):
    with pytest.raises(InputError, match="no student"):
        report(ReportConfig(run=str(tmp_path)))
    assert not list(tmp_path.iterdir())


def test_the_job_finds_out_that_it_is_a_student(make_student, monkeypatch, capsys):
    folder = make_student()
    monkeypatch.syspath_prepend(SCRIPT.parent)
    runpy.run_path(str(SCRIPT))["main"](ReportConfig(run=folder.url))
    assert f"{folder.url}/{REPORT_NAME}" in capsys.readouterr().out
    assert b"report of a student" in folder.read(REPORT_NAME)
