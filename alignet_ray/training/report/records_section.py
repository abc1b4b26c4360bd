"""The page's last words: what it cannot show, where the records lie, what to run next."""

import shlex
from collections.abc import Iterator

import yaml

from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.parts import fact
from alignet_ray.records.page_facts import FACTS_NAME
from alignet_ray.training.metrics import METRICS_NAME, TENSORBOARD_FOLDER
from alignet_ray.training.report.view import View


def records_section(view: View) -> Markup:
    """Absent parts, place, commands and settings."""
    url = shlex.quote(view.url)
    commands = (
        f"python jobs/evaluate.py --models {url} --images OBJECTS --names NAMES \\",
        "    --responses RESPONSES --output EVALUATION",
        f"tensorboard --logdir {shlex.quote(f'{view.url}/{TENSORBOARD_FOLDER}')}",
        f"python jobs/report.py --run {url}",
        f'python -c "import alignet_ray; print(alignet_ray.load_student({view.url!r}).model)"',
    )
    absent = [element("li", line) for line in _absent(view)]
    text = yaml.safe_dump(view.student.training, sort_keys=True, allow_unicode=True, width=88)
    return element(
        "section",
        element("h2", "Records and next steps"),
        *([element("ul", *absent, class_="absent")] if absent else []),
        element("dl", fact("student", element("code", view.url)), class_="facts"),
        element("pre", "\n".join(commands)),
        element("p", "Measure agreement with people, look at the curves live, make this page "
                "again, load the student; README.md in its folder is a model card.", class_="note"),
        element("details", element("summary", "Record of training, as student.json has it"),
                element("pre", text)),
    )  # fmt: skip


def _absent(view: View) -> Iterator[str]:
    """One line for each part that the page would have had."""
    if view.measured is None:
        yield "No validation: the runs have no validation split, or --validation.images was 0."
    if not view.steps:
        yield f"No curves: {METRICS_NAME} is not there."
    if view.facts is None:
        yield f"No triplets: {FACTS_NAME} is not there; train writes it with the student."
    elif view.measured is not None and not view.facts.triplets:
        yield "No triplets: the student changed its mind on none that it was asked about."
