"""Write an evaluation's page: at the end of `evaluate`, or again from what lies in its folder."""

import json
from collections.abc import Mapping
from typing import Any

from alignet_ray.config.report import ReportConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.report.page import page
from alignet_ray.evaluation.report.view import View
from alignet_ray.records.digests import Json
from alignet_ray.records.evaluation import RESULTS_NAME, read_results
from alignet_ray.records.page_facts import FACTS_NAME, read_page_facts, write_page_facts
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import note

REPORT_NAME = "report/index.html"


def write_page(folder: Folder, results: Json, shown: Mapping[str, Any]) -> str:
    """Write what is shown and the page; returns its URL."""
    write_page_facts(folder, dict(shown))
    return _write(folder, results, shown)


def report(config: ReportConfig) -> str:
    """The page of the evaluation that the settings name, made again; returns its URL."""
    folder = Folder.at(config.run)
    results = read_results(folder)
    if results is None:
        raise InputError(f"no {RESULTS_NAME}", "an evaluation", folder.url, "Check --run.")
    shown = read_page_facts(folder, dict, "Delete it: the page goes without pictures.")
    if shown is None:
        note(f"{folder.place(FACTS_NAME)} is not there: the page goes without pictures and maps")
    return _write(folder, results, shown or {})


def _write(folder: Folder, results: Json, shown: Mapping[str, Any]) -> str:
    # As it will be read again: the keys of a record are sorted on disk.
    ordered = json.loads(json.dumps(results, sort_keys=True))
    folder.write(REPORT_NAME, page(View(results=ordered, shown=shown)))
    return folder.place(REPORT_NAME)
