"""The page: its sections in order, each where its data exist."""

from alignet_ray.pages.document import document
from alignet_ray.teaching.report.accuracy_section import accuracy_section
from alignet_ray.teaching.report.calibration_section import calibration_section
from alignet_ray.teaching.report.dimensions_section import dimensions_section
from alignet_ray.teaching.report.neighbours_section import neighbours_section
from alignet_ray.teaching.report.overview import data_section, header
from alignet_ray.teaching.report.records_section import records_section
from alignet_ray.teaching.report.selection_section import selection_section
from alignet_ray.teaching.report.style import STYLE
from alignet_ray.teaching.report.view import View


def page(view: View) -> bytes:
    """The document as UTF-8; it asks for nothing from anywhere."""
    sections = (
        header(view),
        accuracy_section(view),
        calibration_section(view),
        neighbours_section(view),
        dimensions_section(view),
        selection_section(view),
        data_section(view),
        records_section(view),
    )
    footer = "Made by alignet_ray from the teacher's metrics and representations alone."
    return document(f"{view.name}: report of a teacher", STYLE, sections, footer)
