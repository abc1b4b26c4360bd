"""The page: its sections in order, each where it was measured."""

from alignet_ray.evaluation.report.comparison_section import comparison_section
from alignet_ray.evaluation.report.downstream_section import downstream_section
from alignet_ray.evaluation.report.hierarchy_section import hierarchy_section
from alignet_ray.evaluation.report.levels_section import levels_section
from alignet_ray.evaluation.report.models_section import models_section
from alignet_ray.evaluation.report.odd_one_out_section import odd_one_out_section
from alignet_ray.evaluation.report.overview import header, left_out_section
from alignet_ray.evaluation.report.settings_section import settings_section
from alignet_ray.evaluation.report.similarity_section import similarity_section
from alignet_ray.evaluation.report.style import STYLE
from alignet_ray.evaluation.report.view import View
from alignet_ray.pages.document import document


def page(view: View) -> bytes:
    """The document as UTF-8; it asks for nothing from anywhere."""
    sections = (
        header(view),
        models_section(view),
        odd_one_out_section(view),
        levels_section(view),
        similarity_section(view),
        hierarchy_section(view),
        downstream_section(view),
        comparison_section(view),
        left_out_section(view),
        settings_section(view),
    )
    footer = "Made by alignet_ray from results.json; the same figures are in figures.csv."
    return document("How human is it? An evaluation", STYLE, sections, footer)
