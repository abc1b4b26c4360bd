"""How the settings were chosen: the grid as heat maps and as a table, and the validation curves."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from alignet_ray.functional.temperature import MAX_ENTROPY
from alignet_ray.pages.markup import Markup, count, counted, element, share, together
from alignet_ray.pages.parts import fact
from alignet_ray.records.digests import Json
from alignet_ray.teaching.report.curves import curves_card
from alignet_ray.teaching.report.view import SIMILARITIES, View

_SETTINGS = {
    "regularisation": "λ",
    "learning_rate": "learning rate",
    "local_weight": "local weight",
    "local_temperature": "local temperature",
}
_NUM_ROWS = 12
_MOST_COLOUR = 72


def selection_section(view: View) -> Markup | None:
    """Grid, winner and curves; None where there is none of them."""
    selection = view.part("selection")
    curves = view.facts.curves if view.facts else ()
    if selection is None and not curves:
        return None
    cells = (selection or {}).get("cells") or []
    winner = (selection or {}).get("winner") or {}
    maps = [_heat_card(cells, winner)] if len(cells) > 1 else []
    settings = [_winner_card(selection, winner)] if selection else []
    history = [curves_card(curves)] if curves else []
    if len({_local(cell) for cell in cells}) == 1:  # a single map stands beside the curves
        cards, maps = [*maps, *history, *settings], []
    else:
        cards = [*settings, *history]
    return element(
        "section",
        element("h2", "How the settings were chosen"),
        element("p", _lead(cells), class_="lead"),
        element("div", *cards, class_="two"),
        *maps,
        *([_table_card(cells, winner)] if len(cells) > 1 else []),
    )


def _lead(cells: Sequence[Json]) -> str:
    if len(cells) < 2:
        return "No search: the settings were given."
    folds = max(len(cell["folds"]) for cell in cells)
    return (
        f"{counted(len(cells), 'combination')} of settings, each fitted {folds} times: every time "
        "without one part (fold) of the objects, and measured on triplets of that part alone. "
        "The lowest mean cross-entropy wins and is fitted again on all objects. Responses kept for "
        "measuring play no part in it."
    )


def _winner_card(selection: Json, winner: Json) -> Markup:
    others = sorted(set(winner) - set(_SETTINGS))
    rows = [
        (_SETTINGS.get(key, key.replace("_", " ")), _number(winner[key]))
        for key in (*_SETTINGS, *others)
        if winner.get(key) is not None
    ]
    if selection.get("num_steps") is not None:
        rows.append(("steps on all objects", count(selection["num_steps"])))
    return element(
        "div",
        element("h3", "The settings of this teacher"),
        element("dl", *(fact(name, value) for name, value in rows), class_="facts"),
        element(
            "p",
            "λ pulls W towards a multiple of the identity: the larger, the more of the backbone's "
            "own geometry stays. Local weight and temperature, where used, keep the neighbourhoods "
            "of unlabelled images.",
            class_="note",
        ),
        class_="card",
    )


def _heat_card(cells: Sequence[Json], winner: Json) -> Markup:
    local = sorted({_local(cell) for cell in cells}, key=_sortable)
    values = [v for cell in cells if (v := cell["mean_cross_entropy"]) is not None]
    best = min(values, default=MAX_ENTROPY)
    return element(
        "div",
        element("h3", "Mean cross-entropy on held-out objects, in nats; lower is better"),
        element("div", *(_heat_table(cells, own, winner, best) for own in local), class_="grids"),
        element(
            "p",
            f"Full colour is the best, {best:.4f}; none is {MAX_ENTROPY:.4f} (ln 3) or worse: no "
            "better than calling all pairs equally likely. Outlined: the chosen settings.",
            class_="note",
        ),
        class_="card",
    )


def _heat_table(cells: Sequence[Json], local: tuple[Any, Any], winner: Json, best: float) -> Markup:
    own = [cell for cell in cells if _local(cell) == local]
    rates = sorted({cell["learning_rate"] for cell in own})
    pulls = sorted({cell["regularisation"] for cell in own})
    by_place = {(cell["regularisation"], cell["learning_rate"]): cell for cell in own}
    head = element("tr", element("th", "λ"), *(element("th", _number(rate)) for rate in rates))
    body = [
        element(
            "tr",
            element("th", _number(pull)),
            *(_heat_cell(by_place.get((pull, rate)), winner, best) for rate in rates),
        )
        for pull in pulls
    ]
    over = element("tr", element("td", ""), element("td", "learning rate", colspan=len(rates)))
    caption = [] if local == (None, None) else [element("caption", _local_words(local))]
    return element(
        "table", *caption, element("thead", over, head), element("tbody", *body), class_="grid-map"
    )


def _heat_cell(cell: Json | None, winner: Json, best: float) -> Markup:
    if cell is None:
        return element("td", "")
    value = cell["mean_cross_entropy"]
    if value is None:
        return element("td", "diverged", class_="none")
    span = MAX_ENTROPY - best
    level = min(1.0, max(0.0, (MAX_ENTROPY - value) / span)) if span > 0 else 0.0
    # Squared: differences among the good ones are what a person looks for.
    colour = (
        f"background: color-mix(in srgb, var(--pair) {_MOST_COLOUR * level**2:.0f}%, var(--card))"
    )
    return element(
        "td", f"{value:.3f}", style=colour, class_="won" if _is_winner(cell, winner) else None
    )


def _table_card(cells: Sequence[Json], winner: Json) -> Markup:
    order = sorted(cells, key=lambda cell: _or_worst(cell["mean_cross_entropy"]))
    varied = [key for key in _SETTINGS if any(cell.get(key) is not None for cell in cells)]
    names = [_SETTINGS[key] for key in varied]
    heads = ["", *names, "cross-entropy", "worst fold", "accuracy", "best epochs"]
    shown = order[:_NUM_ROWS]
    if not any(_is_winner(cell, winner) for cell in shown):
        shown += [cell for cell in order if _is_winner(cell, winner)]
    rows = [_table_row(order.index(cell) + 1, cell, varied, winner) for cell in shown]
    rest = len(cells) - len(shown)
    title = "All combinations" if rest == 0 else f"The best {len(shown)} of {count(len(cells))}"
    return element(
        "div",
        element("h3", title),
        element(
            "div",
            element(
                "table",
                element(
                    "thead", element("tr", *(element("th", h, class_="number") for h in heads))
                ),
                element("tbody", *rows),
                class_="ranking",
            ),
            class_="scroll",
        ),
        element(
            "p",
            "Cross-entropy is the mean over folds at the one epoch where that is lowest. Worst "
            "fold and best epochs are each fold's own. Accuracy is the human probability of the "
            "teacher's choice on held-out objects, by dot products, mean over folds.",
            class_="note",
        ),
        class_="card",
    )


def _table_row(rank: int, cell: Json, varied: Sequence[str], winner: Json) -> Markup:
    folds: list[Json] = cell["folds"]
    losses = [_or_worst(fold["cross_entropy"]) for fold in folds]
    won = _is_winner(cell, winner)
    first = together(f"{rank}. ", element("b", "chosen")) if won else f"{rank}."
    values = [
        first,
        *(_number(cell.get(key)) for key in varied),
        _loss(_or_worst(cell["mean_cross_entropy"])),
        _loss(max(losses, default=math.inf)),
        _mean_accuracy(folds),
        ", ".join(str(fold["best_epoch"]) for fold in folds),
    ]
    return element(
        "tr",
        *(element("td", own, class_="number") for own in values),
        class_="won" if won else None,
    )


def _mean_accuracy(folds: Sequence[Json]) -> str:
    """Of folds that say it, plainly or by similarity."""
    found = [
        own[SIMILARITIES[0]] if isinstance(own, Mapping) else own
        for fold in folds
        if (own := fold.get("expected_accuracy")) is not None
    ]
    return share(sum(found) / len(found)) if found else "-"


def _loss(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "diverged"


def _or_worst(value: float | None) -> float:
    return math.inf if value is None else value


def _is_winner(cell: Json, winner: Json) -> bool:
    return bool(winner) and all(cell.get(key) == own for key, own in winner.items())


def _local(cell: Json) -> tuple[Any, Any]:
    return cell.get("local_weight"), cell.get("local_temperature")


def _sortable(local: tuple[Any, Any]) -> tuple[float, float]:
    weight, temperature = local
    return (-1.0 if weight is None else weight, -1.0 if temperature is None else temperature)


def _local_words(local: tuple[Any, Any]) -> str:
    return "; ".join(
        f"{_SETTINGS[key]} {_number(own)}"
        for key, own in zip(("local_weight", "local_temperature"), local, strict=True)
        if own is not None
    )


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str | bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e")
