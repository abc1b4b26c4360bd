"""What was trained, on what, and how: runs by digest, settings, temperatures."""

from collections.abc import Iterator

from alignet_ray.pages.markup import Markup, count, element, shortened
from alignet_ray.pages.parts import fact
from alignet_ray.records.digests import Json
from alignet_ray.training.model_card import flattened
from alignet_ray.training.report.view import View

_SHORT_DIGEST = 8
_ELSEWHERE = ("student", "runs")


def training_section(view: View) -> Markup:
    """The runs as a table, the student and the settings as facts."""
    runs = view.data.get("runs", [])
    return element(
        "section",
        element("h2", "What was trained"),
        *([_runs_card(runs, view)] if runs else []),
        element("div", _facts_card("The student", _student(view)),
                _facts_card("Settings", _settings(view)), class_="two"),
    )  # fmt: skip


def _runs_card(runs: list[Json], view: View) -> Markup:
    urls = view.facts.runs if view.facts else ("",) * len(runs)
    names = ("run", "labels", "strategy", "group", "groups", "triplets", "teacher temperature")
    numbers = ("groups", "triplets", "teacher temperature")
    head = [element("th", own, class_="number" if own in numbers else None) for own in names]
    rows = [_run_row(url, run) for url, run in zip(urls, runs, strict=True)]
    table = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    return element("div", table, class_="card scroll")


def _run_row(url: str, run: Json) -> Markup:
    digest = element("code", run["digest"][:_SHORT_DIGEST], title=run["digest"])
    numbers = (count(run["groups"]), count(run["triplets"]), f"{run['teacher_temperature']:g}")
    return element(
        "tr",
        element("td", element("code", shortened(url) or "-")),
        element("td", digest),
        element("td", run["strategy"]),
        element("td", _shape(run["blocks"])),
        *(element("td", own, class_="number") for own in numbers),
    )


def _shape(blocks: list[int]) -> str:
    if len(blocks) > 1 and len(set(blocks)) == 1:
        return f"{len(blocks)} x {blocks[0]}"
    return " + ".join(map(str, blocks))


def _facts_card(title: str, rows: Iterator[tuple[str, str]]) -> Markup:
    facts = [fact(name, value) for name, value in rows]
    return element("div", element("h3", title), element("dl", *facts, class_="facts"),
                   class_="card")  # fmt: skip


def _student(view: View) -> Iterator[tuple[str, str]]:
    initial, aligned = view.student.initial, view.student.aligned
    pixels = aligned.preprocessing
    yield "backbone", aligned.name
    if aligned.model_args:
        yield "arguments", " ".join(aligned.model_args)
    yield "representation", f"{aligned.representation}, {aligned.dim:,} dimensions"
    yield (
        "pixels",
        f"{pixels.resolution} px, {pixels.resize} ({pixels.crop_fraction:g} kept), "
        f"{pixels.interpolation}",
    )
    yield (
        "initial weights",
        _digest(initial.weights_sha256) + (", random" if initial.random_init else ""),
    )
    yield "aligned weights", _digest(aligned.weights_sha256)
    figures = view.figures
    if "student_temperature" in figures:
        yield "student temperature", f"{figures['student_temperature']:.5g}"
    if "teacher_entropy" in figures:
        yield "teacher's entropy at the start", f"{figures['teacher_entropy']:.4f} nats"
        yield "student's entropy at the start", f"{figures['student_entropy_before']:.4f} nats"


def _digest(digest: str) -> str:
    return f"SHA-256 {digest[:_SHORT_DIGEST]}"


def _settings(view: View) -> Iterator[tuple[str, str]]:
    for name, value in flattened(view.settings):
        if name.partition(".")[0] not in _ELSEWHERE:
            yield name.replace("_", " "), "default" if value is None else f"{value}"
