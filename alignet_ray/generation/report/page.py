"""The page: its sections in order, in one self-contained HTML document."""

from alignet_ray.generation.report.cluster_sections import clusters_section
from alignet_ray.generation.report.facts import Facts
from alignet_ray.generation.report.group_section import group_section
from alignet_ray.generation.report.label_sections import entropy_section, triplets_section
from alignet_ray.generation.report.markup import Markup, element
from alignet_ray.generation.report.overview import header, run_name
from alignet_ray.generation.report.records_sections import rejects_section, settings_section
from alignet_ray.generation.report.style import STYLE


def page(facts: Facts) -> bytes:
    """The document as UTF-8; it asks for nothing from anywhere."""
    sections = (
        triplets_section(facts),
        entropy_section(facts),
        group_section(facts),
        clusters_section(facts),
        rejects_section(facts),
        settings_section(facts),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{run_name(facts.run)}: report of a run"),
        element("style", Markup(STYLE)),
    )
    main = element(
        "main",
        header(facts),
        *(section for section in sections if section is not None),
        element("footer", "Made by alignet_ray from the records of the run alone."),
    )
    document = element("html", head, element("body", main), lang="en")
    return f"<!doctype html>\n{document}\n".encode("utf-8", "replace")
