"""Write a teacher's report: at the end of `fit_teacher`, or again from what lies in its folder."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from alignet_ray.config.report import ReportConfig
from alignet_ray.errors import StorageError
from alignet_ray.pages.pictures import SMALL, Picture, picture
from alignet_ray.records.lock import locked
from alignet_ray.records.store import Folder, read_url
from alignet_ray.records.teacher_bundle import read_bundle
from alignet_ray.teaching.report.facts import TeacherReport, gather
from alignet_ray.teaching.report.page import page
from alignet_ray.teaching.report.record import read_facts, write_facts
from alignet_ray.teaching.report.view import View

REPORT_NAME = "report/index.html"
_THREADS = 8


def write_report(folder: Folder, report: TeacherReport) -> str:
    """Write the page of a teacher below its folder, and what it takes to make it again.

    Returns the page's URL. Reads a few hundred pictures at most and needs no Ray.
    """
    facts = gather(report)
    write_facts(folder, facts)
    view = View(
        url=folder.url,
        backbone=report.backbone,
        metrics=report.metrics,
        settings=report.settings,
        facts=facts,
        pictures=load_pictures(facts.image_urls),
    )
    return _write_page(folder, view)


def report(config: ReportConfig) -> str:
    """The report of the teacher that the settings name, made again; returns its URL."""
    folder = Folder.at(config.run)
    bundle = read_bundle(folder)
    with locked(folder):
        facts = read_facts(folder)
        view = View(
            url=folder.url,
            backbone=bundle.backbone.identity(),
            metrics=bundle.metrics,
            settings=bundle.provenance.get("settings", {}),
            facts=facts,
            pictures=load_pictures(facts.image_urls) if facts else {},
        )
        return _write_page(folder, view)


def _write_page(folder: Folder, view: View) -> str:
    data = page(view)
    if folder.read_if_there(REPORT_NAME) != data:
        folder.write(REPORT_NAME, data)
    return folder.place(REPORT_NAME)


def load_pictures(urls: Mapping[str, str]) -> dict[str, Picture]:
    """Thumbnails by object id; one whose file is gone or does not decode has no data.

    A report is no reason to fail a fit that is done: the page says how many are missing.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(urls, pool.map(_picture, urls, urls.values()), strict=True))


def _picture(object_id: str, url: str) -> Picture:
    try:
        data = read_url(url)
    except StorageError:
        data = b""
    return picture(data, object_id, None, SMALL)
