"""The page is made again from the bundle and the facts, by the same job that knows runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.config.report import ReportConfig
from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.page_facts import FACTS_NAME
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, write_bundle
from alignet_ray.teaching.report.job import REPORT_NAME, report, write_report

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path, make_report):
    """A bundle with its report."""
    folder = Folder.at(str(tmp_path / "teacher"))
    pixels = Preprocessing(
        resolution=32, resize="squash", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5),
    )  # fmt: skip
    backbone = ResolvedBackbone(
        name="some_backbone", model_args=(), representation="pre_logits", preprocessing=pixels,
        dim=5, weights_sha256="ab" * 32,
    )  # fmt: skip
    transform = Transform(weight=np.eye(5), bias=np.zeros(5), mean=0.0, scale=1.0)
    made = make_report(backbone=backbone.identity())
    provenance = {"settings": made.settings}
    write_bundle(
        folder,
        TeacherBundle(
            backbone=backbone, transform=transform, metrics=made.metrics, provenance=provenance
        ),
    )
    write_report(folder, made)
    return folder


def test_the_same_page_is_made_again(folder):
    page = folder.read(REPORT_NAME)
    folder.delete(REPORT_NAME)
    assert report(ReportConfig(run=folder.url)) == folder.place(REPORT_NAME)
    assert folder.read(REPORT_NAME) == page


def test_a_page_that_is_the_same_is_not_written_again(folder):
    path = Path(folder.path(REPORT_NAME))
    before = path.stat().st_mtime_ns
    report(ReportConfig(run=folder.url))
    assert path.stat().st_mtime_ns == before


def test_without_facts_the_metrics_are_shown_and_it_is_said(folder, read_page):
    folder.delete(FACTS_NAME)
    report(ReportConfig(run=folder.url))
    said = read_page(folder.read(REPORT_NAME)).text
    assert "report/facts.json is not there" in said
    assert "Does it choose as people do?" in said
    assert "What is near what" not in said


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"neighbours": 3}', b"[]"])
def test_broken_facts_are_named(folder, data):
    folder.write(FACTS_NAME, data)
    with pytest.raises(RecordError, match=r"report/facts\.json"):
        report(ReportConfig(run=folder.url))


def test_where_there_is_no_bundle_it_says_so(tmp_path):
    with pytest.raises(InputError, match="no teacher bundle"):
        report(ReportConfig(run=str(tmp_path / "nothing")))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.slow
def test_the_script_finds_out_what_lies_there(folder, tmp_path):
    page = folder.read(REPORT_NAME)
    folder.delete(REPORT_NAME)
    script = str(REPOSITORY / "jobs" / "report.py")
    done = subprocess.run(
        [sys.executable, script, "--run", folder.url], capture_output=True, text=True, check=True
    )
    assert folder.place(REPORT_NAME) in done.stdout
    assert folder.read(REPORT_NAME) == page
    nothing = [sys.executable, script, "--run", str(tmp_path / "nothing")]
    refused = subprocess.run(nothing, capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert "no such run, teacher, student or evaluation" in refused.stderr
