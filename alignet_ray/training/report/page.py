"""The page: its sections in order, each where its data exist."""

from alignet_ray.pages.document import document
from alignet_ray.training.report.change_section import change_section
from alignet_ray.training.report.curves_section import curves_section
from alignet_ray.training.report.overview import header
from alignet_ray.training.report.records_section import records_section
from alignet_ray.training.report.style import STYLE
from alignet_ray.training.report.training_section import training_section
from alignet_ray.training.report.triplets_section import triplets_section
from alignet_ray.training.report.view import View


def page(view: View) -> bytes:
    """The document as UTF-8; it asks for nothing from anywhere."""
    sections = (
        header(view),
        change_section(view),
        triplets_section(view),
        curves_section(view),
        training_section(view),
        records_section(view),
    )
    footer = "Made by alignet_ray from the student's record and logs alone."
    return document(f"{view.name}: report of a student", STYLE, sections, footer)
