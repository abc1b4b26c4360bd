"""The job on a finished run, on an unfinished one, and where there is none."""

from dataclasses import replace
from pathlib import Path

import pytest

from alignet_ray.config.report import ReportConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import InputError, RecordError
from alignet_ray.generation.report.job import REPORT_NAME, report, write_report
from alignet_ray.records.manifest import MANIFEST_NAME
from alignet_ray.records.run import CONFIG_NAME, freeze_settings, read_settings
from alignet_ray.records.shards import shard_folder
from alignet_ray.records.store import Folder


@pytest.mark.ray
@pytest.mark.slow
def test_the_job_writes_what_one_process_would(ray_cluster, make_run, in_order):
    run = make_run()
    write_report(run.root, mapped=in_order)
    alone = run.root.read(REPORT_NAME)
    run.root.delete(REPORT_NAME)
    url = report(ReportConfig(run=run.root.url, resources=Resources(progress=False)))
    assert url == run.root.place(REPORT_NAME)
    assert run.root.read(REPORT_NAME) == alone


def test_where_there_is_no_run_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="nothing: no such run"):
        report(ReportConfig(run=str(tmp_path / "nothing")))
    assert not (tmp_path / "nothing").exists()


def test_an_unfinished_run_is_refused(make_run, in_order):
    run = make_run()
    for split in ("train", "validation"):
        shard_folder(run.root, split).delete(MANIFEST_NAME)
    with pytest.raises(RecordError, match="no manifest"):
        write_report(run.root, mapped=in_order)


def test_a_lost_record_is_named(make_run, in_order):
    run = make_run()
    run.root.folder("clusters").delete("clusters.json")
    with pytest.raises(RecordError, match=r"clusters\.json: missing"):
        write_report(run.root, mapped=in_order)


def test_a_borrowed_image_table_is_read_where_it_lies(make_run, in_order):
    lender, borrower = make_run(), make_run(name="borrower")
    settings = read_settings(borrower.root)
    assert settings is not None
    borrower.root.delete(CONFIG_NAME)
    freeze_settings(borrower.root, replace(settings, images_from=lender.root.url))
    borrower.root.file_system.rm(borrower.root.path("images"), recursive=True)
    write_report(borrower.root, mapped=in_order)
    assert lender.root.url in borrower.root.read(REPORT_NAME).decode()
    assert not Folder.at(lender.root.url).exists(REPORT_NAME)


def test_the_same_page_is_not_written_again(make_run, in_order):
    page = Path(write_report(make_run().root, mapped=in_order))
    before = page.stat().st_mtime_ns
    write_report(Folder.at(str(page.parents[1])), mapped=in_order)
    assert page.stat().st_mtime_ns == before


def test_a_stale_page_is_written_again(make_run, in_order):
    run = make_run()
    run.root.write(REPORT_NAME, b"of a time with fewer groups")
    write_report(run.root, mapped=in_order)
    assert run.root.read(REPORT_NAME).startswith(b"<!doctype html>")
