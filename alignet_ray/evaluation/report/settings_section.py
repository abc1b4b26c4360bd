"""How it was measured: settings, and what each model is."""

from alignet_ray.evaluation.report.view import View
from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.parts import fact
from alignet_ray.records.digests import Json

_SHORT = 12


def settings_section(view: View) -> Markup:
    """Facts of the settings and a table of the models."""
    settings = view.results["settings"]
    facts = [
        fact("similarities", ", ".join(settings["similarities"])),
        fact("temperatures of entropies", ", ".join(f"{t:g}" for t in settings["temperatures"])),
        fact("ties", settings["ties"]),
        fact("intervals", settings["interval"]),
        fact("resamples", f"{settings['num_resamples']:,} under seed {settings['seed']}"),
    ]
    titles = ("model", "variant", "backbone", "layer", "pixels", "dimensions", "weights")
    head = element("tr", *(element("th", title) for title in titles))
    rows = [_model_row(model) for model in view.results["models"]]
    return element(
        "section",
        element("h2", "How it was measured"),
        element("dl", *facts, class_="facts"),
        element("div", element("table", head, *rows), class_="card scroll"),
    )


def _model_row(model: Json) -> Markup:
    backbone = model["backbone"]
    cells = [model["label"], model["variant"]]
    if backbone is None:
        cells += ["ready embeddings, or not run", "", "", "", ""]
    else:
        cells += [
            backbone["name"], backbone["representation"],
            f"{backbone['preprocessing']['resolution']} px, {backbone['preprocessing']['resize']}",
            f"{backbone['dim']:,}", backbone["weights_sha256"][:_SHORT],
        ]  # fmt: skip
    return element("tr", *(element("td", cell) for cell in cells))
