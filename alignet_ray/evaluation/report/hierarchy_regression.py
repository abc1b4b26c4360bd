"""The mixed-effects regression of distance changes, in words and as a table."""

from collections.abc import Iterator, Sequence

from alignet_ray.pages.markup import Markup, element
from alignet_ray.records.digests import Json

PAPER_LEAST_T = 3.93
"""Every effect of the paper's ViT-B has a larger |t| (P < 0.001)."""
_LEAST_P = 0.001
_OF_ONE = {
    "same class": "one class",
    "same basic": "one basic category",
    "same superordinate": "one superordinate category",
}


def regression_card(regressions: Sequence[Json]) -> Markup | None:
    """A sentence and the coefficients of each label; None where there is no label."""
    if not regressions:
        return None
    rows = [line for own in regressions for line in _rows(own)]
    titles = ("model", "pairs of", "coefficient", "standard error", "p", "pairs")
    head = element("tr", *(element("th", title) for title in titles))
    table = [element("div", element("table", head, *rows), class_="scroll")] if rows else []
    return element(
        "div",
        element("h3", "Is it more than chance?"),
        element(
            "p",
            "Changes of one cluster's images are not independent: in a mixed-effects linear "
            "regression each superordinate category has an intercept of its own, and the "
            "coefficients say how much more distances of a relation change than those between "
            f"different superordinate categories do. Paper, ViT-B: |t| > {PAPER_LEAST_T:g} "
            "throughout, p < 0.001.",
            class_="note",
        ),
        element("ul", *(element("li", *_sentence(own)) for own in regressions), class_="said"),
        *table,
        class_="card",
    )


def _sentence(own: Json) -> Iterator[str]:
    yield element("b", own["label"])
    if "undefined" in own:
        yield f": no regression, {own['undefined']}."
        return
    told = [
        f"{_by(effect['coefficient'])} between images of {_OF_ONE[relation]} "
        f"({p_text(effect['p_value'])})"
        for relation, effect in _in_order(own["effects"]).items()
    ]
    yield (
        ": against those between different superordinate categories, distances "
        f"{_listed(told)}. There they change by {own['intercept']['coefficient']:+z.3f} "
        f"({p_text(own['intercept']['p_value'])})."
    )
    if not own["has_converged"]:
        yield " The fit did not converge: these are its last values."


def _in_order(effects: Json) -> Json:
    """Effects from the nearest relation on, whatever order a file has them in."""
    return {relation: effects[relation] for relation in _OF_ONE if relation in effects}


def _by(coefficient: float) -> str:
    return f"{'shrink' if coefficient < 0 else 'grow'} by {abs(coefficient):.3f}"


def _listed(told: Sequence[str]) -> str:
    *most, last = told
    return f"{', '.join(most)} and {last}" if most else last


def p_text(value: float | None) -> str:
    """A p-value as a person reads it."""
    if value is None:
        return "p not defined"
    return f"p < {_LEAST_P:g}" if value < _LEAST_P else f"p = {value:.3f}"


def _rows(own: Json) -> Iterator[Markup]:
    if "undefined" in own:
        return
    effects = {**_in_order(own["effects"]), f"{own['reference']} (intercept)": own["intercept"]}
    for number, (relation, effect) in enumerate(effects.items()):
        error = effect["standard_error"]
        cells = (
            own["label"] if number == 0 else "",
            relation,
            f"{effect['coefficient']:+z.4f}",
            "not defined" if error is None else f"{error:.4f}",
            p_text(effect["p_value"]),
            f"{own['num_pairs']:,} in {own['num_groups']:,} categories" if number == 0 else "",
        )
        yield element("tr", *(element("td", cell) for cell in cells))
