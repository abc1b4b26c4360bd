"""Write a run's report: at the end of `generate`, or again from the records of a finished run."""

from alignet_ray.config.report import ReportConfig
from alignet_ray.errors import InputError
from alignet_ray.generation.report.counting import TaskMap
from alignet_ray.generation.report.facts import gather
from alignet_ray.generation.report.page import page
from alignet_ray.generation.report.run_records import read_run
from alignet_ray.records.lock import locked
from alignet_ray.records.run import CONFIG_NAME
from alignet_ray.records.store import Folder
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.tasks import map_tasks

REPORT_NAME = "report/index.html"


def write_report(root: Folder, *, mapped: TaskMap = map_tasks) -> str:
    """Write the page of a finished run, unless it lies there already, and return its URL.

    Tasks need a Ray session. Raises RecordError where the run is not finished or a record cannot
    be read.
    """
    data = page(gather(read_run(root), mapped))
    if not (root.exists(REPORT_NAME) and root.read(REPORT_NAME) == data):
        root.write(REPORT_NAME, data)
    return root.place(REPORT_NAME)


def report(config: ReportConfig) -> str:
    """The report of the run that the settings name; returns its URL."""
    root = Folder.at(config.run)
    if not root.exists(CONFIG_NAME):
        raise InputError(
            "no such run, teacher, student or evaluation", "the folder of one", root.url,
            "Give the --output of generate, convert, fit_teacher, train or evaluate.",
        )  # fmt: skip
    read_run(root)  # where it is not finished, say so before Ray starts and a lock file is made
    with locked(root), ray_session(config.resources):
        return write_report(root)
