"""Write a student's report: at the end of `train`, or again from what lies in its folder."""

from alignet_ray.config.report import ReportConfig
from alignet_ray.records.lock import locked
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
from alignet_ray.training.metrics import METRICS_NAME, VALIDATIONS_NAME, read_log
from alignet_ray.training.report.page import page
from alignet_ray.training.report.record import read_facts
from alignet_ray.training.report.view import View

REPORT_NAME = "report/index.html"


def write_report(folder: Folder) -> str:
    """Write the page of an exported student, unless it lies there already; returns its URL."""
    view = View(
        url=folder.url,
        student=read_student(folder),
        steps=tuple(read_log(folder, METRICS_NAME)),
        validations=tuple(read_log(folder, VALIDATIONS_NAME)),
        facts=read_facts(folder),
    )
    data = page(view)
    if folder.read_if_there(REPORT_NAME) != data:
        folder.write(REPORT_NAME, data)
    return folder.place(REPORT_NAME)


def report(config: ReportConfig) -> str:
    """The report of the student that the settings name, made again; returns its URL."""
    folder = Folder.at(config.run)
    read_student(folder)  # where there is none, say so before a lock file is made
    with locked(folder):
        return write_report(folder)
