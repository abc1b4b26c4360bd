"""Whether the teacher's probabilities mean what people do: reliability, likelihood, uncertainty."""

from collections.abc import Iterator, Mapping

from alignet_ray.functional.temperature import MAX_ENTROPY
from alignet_ray.pages.markup import Markup, count, element, together
from alignet_ray.pages.plot import Frame, frame, line, plot
from alignet_ray.records.digests import Json
from alignet_ray.teaching.report.view import View

_NAMES = {
    "before": "before",
    "before_at_best_temperature": "before, best temperature",
    "after": "after: the teacher",
    "human_model": "the human embedding (VICE)",
}
_SMALLEST, _LARGEST = 2.5, 12.0


def calibration_section(view: View) -> Markup | None:
    """Reliability diagram and table of all models; None where nothing was measured."""
    found = view.part("unseen_responses", "calibration")
    if found is None:
        return None
    models = {
        name: found[name] for name in (*_NAMES, *sorted(set(found) - set(_NAMES))) if name in found
    }
    return element(
        "section",
        element("h2", "Do its probabilities mean anything?"),
        element(
            "p",
            "A teacher does not only choose: its softmax says how likely people are to choose each "
            "pair, and students learn from that. Of all pairs to which it gives 0.7, people should "
            "choose about 70\N{NO-BREAK SPACE}%.",
            class_="lead",
        ),
        element("div", _diagram_card(models), _table_card(models), class_="two"),
    )


def _diagram_card(models: Mapping[str, Json]) -> Markup:
    axes = frame((0, 1), (0, 1), "probability that was given", "share of people who chose the pair")
    marks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    diagonal = line((axes.x(0), axes.y(0)), (axes.x(1), axes.y(1)), "limit")
    return element(
        "div",
        element("h3", "Reliability"),
        plot(
            "Reliability diagram: probability given against share chosen",
            axes.axes(marks, marks),
            diagonal,
            *(own for name, model in models.items() for own in _series(axes, name, model)),
        ),
        element("p", *_legend(models), class_="legend lines"),
        element(
            "p",
            "All three pairs of every triplet count, once for each response, in ten bins of equal "
            "width; a dot's area is the share of pairs in its bin. Below the diagonal: too sure.",
            class_="note",
        ),
        class_="card",
    )


def _series(axes: Frame, name: str, model: Json) -> Iterator[Markup]:
    bins: list[Json] = model["bins"]
    total = sum(own["num"] for own in bins)
    points = [(own["mean_predicted"], own["share_chosen"]) for own in bins]
    if not points:
        return
    yield element("path", d=axes.path(points), class_=f"curve model {_look(name)}")
    for own, (x, y) in zip(bins, points, strict=True):
        span = f"{own['from']:.1f} to {own['to']:.1f}"
        said = f"{_name(name)}: {span}, given {x:.3f}, chosen {y:.3f}, {count(own['num'])} pairs"
        radius = max(_SMALLEST, _LARGEST * (own["num"] / total) ** 0.5)
        yield element(
            "circle",
            element("title", said),
            cx=round(axes.x(x), 1),
            cy=round(axes.y(y), 1),
            r=round(radius, 1),
            class_=f"spot {_look(name)}",
        )


def _look(name: str) -> str:
    return f"of-{name.replace('_', '-')}" if name in _NAMES else "of-other"


def _name(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))


def _legend(models: Mapping[str, Json]) -> Iterator[Markup]:
    for name in models:
        yield element("span", element("i", class_=f"key {_look(name)}"), _name(name))
    yield element("span", element("i", class_="key of-diagonal"), "as said, so done")


def _table_card(models: Mapping[str, Json]) -> Markup:
    heads = ("NLL", "calibration error", "entropy correlation")
    rows = [_row(name, model) for name, model in models.items()]
    best = models.get("before_at_best_temperature", {}).get("temperature")
    return element(
        "div",
        element("h3", "In numbers"),
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", element("th", ""), *(
                    element("th", head, class_="number") for head in heads))),
                element("tbody", *rows),
                class_="models",
            ),
            class_="scroll",
        ),
        *_definitions(best),
        class_="card",
    )  # fmt: skip


def _row(name: str, model: Json) -> Markup:
    loss, own = model["negative_log_likelihood"], model["entropy_correlation"]
    interval = "-"  # too few triplets were answered twice
    if own is not None:
        interval = together(
            f"{own['estimate']:.3f} ",
            element("span", f"[{own['low']:.3f}, {own['high']:.3f}]", class_="range"),
        )
    values = (
        "infinite" if loss is None else f"{loss:.3f}" if loss < 10 else f"{loss:.1f}",
        f"{model['expected_calibration_error']:.3f}",
        interval,
    )
    label = element("td", element("i", class_=f"key {_look(name)}"), _name(name))
    return element("tr", label, *(element("td", value, class_="number") for value in values))


def _definitions(best_temperature: float | None) -> Iterator[Markup]:
    yield element(
        "p",
        element("b", "NLL"),
        ": negative log-likelihood of a response, in nats; lower is better, and calling all pairs "
        f"equally likely costs {MAX_ENTROPY:.3f} (ln 3). ",
        element("b", "Calibration error"),
        ": mean distance from the diagonal of the diagram. ",
        element("b", "Entropy correlation"),
        ": Spearman's rank correlation, over triplets, of the model's uncertainty with how much "
        "people disagree, with its 95\N{NO-BREAK SPACE}% interval; over triplets with two "
        "responses or more, if there are enough.",
        class_="note",
    )
    if best_temperature is not None:
        yield element(
            "p",
            f"Best temperature: dot products divided by {best_temperature:.4g}, the one number "
            "that fits the training probabilities best; no response was used. It shows what "
            "softening alone can do.",
            class_="note",
        )
