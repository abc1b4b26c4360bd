"""The page's last words: rejects by reason, where the records lie, settings, what to run next."""

import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from alignet_ray.generation.report.counting import Reject, Rejects
from alignet_ray.generation.report.facts import Facts
from alignet_ray.pages.markup import (
    Markup,
    count,
    counted,
    element,
    share,
    shortened,
    together,
)
from alignet_ray.pages.parts import fact
from alignet_ray.records.run import CONFIG_NAME

_MOST_REASONS = 12


def rejects_section(facts: Facts) -> Markup:
    """Rejected images by reason."""
    rejects = facts.rejects
    if not rejects.reasons:
        said = f"None: all {count(rejects.num_images)} images that were looked at decode."
        return element("section", element("h2", "Rejects"), element("p", said, class_="lead"))
    names = [element("th", name, class_="number") for name in ("images", "share")]
    head = element("tr", element("th", "reason"), *names, element("th", "some of their keys"))
    shown = rejects.reasons[:_MOST_REASONS]
    rest = rejects.reasons[_MOST_REASONS:]
    lead = (
        f"{counted(rejects.total, 'image')} of {count(rejects.num_images)} were read whole and "
        "cannot be used. They keep their row in the table and are in no cluster and no group."
    )
    return element(
        "section",
        element("h2", "Rejects"),
        element("p", lead, class_="lead"),
        element("div", element("table", element("thead", head), element(
            "tbody", *(_reject_row(reject, rejects) for reject in shown), *_other_reasons(rest)
        )), class_="card scroll"),
        *_sampled_note(facts),
    )  # fmt: skip


def _reject_row(reject: Reject, rejects: Rejects) -> Markup:
    keys = [
        together(", " if number else "", element("code", shortened(key)))
        for number, key in enumerate(reject.some_keys)
    ]
    more = ", …" if reject.num_images > len(reject.some_keys) else ""
    return element(
        "tr",
        element("td", shortened(reject.reason)),
        element("td", count(reject.num_images), class_="number"),
        element("td", share(reject.num_images / rejects.num_images), class_="number"),
        element("td", *keys, more, class_="key"),
    )


def _other_reasons(rest: tuple[Reject, ...]) -> list[Markup]:
    if not rest:
        return []
    total = count(sum(reject.num_images for reject in rest))
    name = counted(len(rest), "other reason")
    return [element("tr", element("td", name), element("td", total, class_="number"),
                    element("td", ""), element("td", ""))]  # fmt: skip


def _sampled_note(facts: Facts) -> list[Markup]:
    if facts.rejects.num_images == facts.run.layout.num_rows:
        return []
    said = (
        f"Counted in a seeded sample of the image table: {count(facts.rejects.num_images)} of "
        f"{count(facts.run.layout.num_rows)} images. generate prints the exact numbers."
    )
    return [element("p", said, class_="note")]


def settings_section(facts: Facts) -> Markup:
    """Where the records lie, the frozen settings, and what to run next."""
    run = facts.run
    places = [("run", run.root.url)]
    if run.image_root.url != run.root.url:
        places.append(("image table, borrowed", run.image_root.url))
    settings = run.settings.to_document()
    text = yaml.safe_dump(_compact(settings), sort_keys=False, allow_unicode=True, width=88)
    url = shlex.quote(run.root.url)
    commands = (
        f"python jobs/train.py --runs {url} --output STUDENT --student.name NAME",
        f"python jobs/verify.py --run {url}",
        f"python jobs/report.py --run {url}",
    )
    return element(
        "section",
        element("h2", "Records and next steps"),
        element("dl", *(fact(name, element("code", url)) for name, url in places), class_="facts"),
        element("pre", "\n".join(commands)),
        element("p", "Distil a student, check every record, make this page again.", class_="note"),
        element("details", element("summary", f"Settings, as {CONFIG_NAME} has frozen them"),
                element("pre", text)),
    )  # fmt: skip


def _compact(value: Any) -> Any:
    """Equal blocks as `48 x 4`: one line in place of 48."""
    if isinstance(value, Mapping):
        return {key: _compact_blocks(key, item) for key, item in value.items()}
    return value


def _compact_blocks(key: Any, item: Any) -> Any:
    if key == "blocks" and isinstance(item, list) and len(item) > 3 and len(set(item)) == 1:
        return f"{len(item)} x {item[0]}"
    return _compact(item)
