"""The page's last words: what it cannot show and why, where the records lie, what to run next."""

import shlex
from collections.abc import Iterator

import yaml

from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.parts import fact
from alignet_ray.records.page_facts import FACTS_NAME
from alignet_ray.teaching.report.view import View


def records_section(view: View) -> Markup:
    """Absent parts, place, commands and settings."""
    url = shlex.quote(view.url)
    commands = (
        f"python jobs/generate.py --teacher {url} --images IMAGES --output RUN",
        f"python jobs/report.py --run {url}",
    )
    absent = [element("li", line) for line in _absent(view)]
    text = yaml.safe_dump(view.settings, sort_keys=True, allow_unicode=True, width=88)
    settings = element(
        "details", element("summary", "Settings, as teacher.json has them"), element("pre", text)
    )
    return element(
        "section",
        element("h2", "Records and next steps"),
        *([element("ul", *absent, class_="absent")] if absent else []),
        element("dl", fact("teacher", element("code", view.url)), class_="facts"),
        element("pre", "\n".join(commands)),
        element("p", "Label images with this teacher, make this page again.", class_="note"),
        *([settings] if view.settings else []),
    )


def _absent(view: View) -> Iterator[str]:
    """One line for each part that the page would have had."""
    if view.part("unseen_responses") is None:
        yield "No accuracy on people's own responses: none were given (--responses)."
    elif view.part("unseen_responses", "calibration") is None:
        yield "No calibration: the metrics have none."
    if view.part("unseen_objects") is None:
        yield "No accuracy on unseen objects: no objects were held out."
    if view.facts is None:
        yield (
            f"No neighbours, dimensions and curves: {FACTS_NAME} is not there; fit_teacher writes "
            "it with the bundle."
        )
        return
    if view.facts.neighbours is None:
        yield "No neighbours: there are fewer than two objects."
    if view.facts.dimensions is None:
        yield "No dimensions: there is no human embedding, only probabilities of triplets."
    if not view.facts.curves:
        yield "No validation curves: none were kept."
    unreadable = sum(picture.uri is None for picture in view.pictures.values())
    if not view.facts.image_urls:
        yield "No pictures: representations were given without images, so ids stand in their place."
    elif unreadable:
        yield f"{unreadable} of {len(view.pictures)} pictures cannot be read any more: ids instead."
