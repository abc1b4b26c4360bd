"""The page: its sections in order, in one self-contained HTML document."""

from alignet_ray.generation.report.cluster_sections import clusters_section
from alignet_ray.generation.report.facts import Facts
from alignet_ray.generation.report.group_section import group_section
from alignet_ray.generation.report.label_sections import entropy_section, triplets_section
from alignet_ray.generation.report.overview import header, run_name
from alignet_ray.generation.report.records_sections import rejects_section, settings_section
from alignet_ray.generation.report.style import STYLE
from alignet_ray.pages.document import document


def page(facts: Facts) -> bytes:
    """The document as UTF-8; it asks for nothing from anywhere."""
    sections = (
        header(facts),
        triplets_section(facts),
        entropy_section(facts),
        group_section(facts),
        clusters_section(facts),
        rejects_section(facts),
        settings_section(facts),
    )
    footer = "Made by alignet_ray from the records of the run alone."
    return document(f"{run_name(facts.run)}: report of a run", STYLE, sections, footer)
