"""The printed table says every figure, what was left out and where to look."""

from alignet_ray.evaluation.table import print_results

UNDEFINED = {"estimate": None, "undefined": "constant"}


def row(**of):
    return {
        "measure": "accuracy", "estimate": 0.5, "low": 0.4, "high": 0.6, "similarity": "dot",
        "num": 1200, "unit": "responses", **of,
    }  # fmt: skip


def test_every_figure_and_everything_left_out_is_said(capsys):
    part = {
        "data": {
            "name": "THINGS", "num_dropped_responses": 17, "missing_images": ["a", "b", "c", "d"],
            "rejected_images": {"e": "empty file"},
        },
        "figures": [
            *(row(label="mine", variant=v) for v in ("before", "after")),
            row(label="mine", variant="after", measure="doubt", remark="it guesses", **UNDEFINED),
            row(label="mine", variant="after", measure="aside", estimate=0.123),
            row(label="mine", variant="after", similarity="centred_dot", estimate=0.1231),
            row(label="mine", variant="after", temperature=2.0, estimate=0.1232),
        ],
        "differences": [
            row(label="mine", to="after", estimate=0.01, low=-0.02, high=0.04),
            row(label="mine", measure="doubt", to="after", estimate=-0.00001, low=-0.2, high=-1e-6),
        ],
        "ceilings": [row(data="THINGS", measure="majority of the others", estimate=0.61)],
    }  # fmt: skip
    results = {
        "parts": {"odd_one_out": part},
        "settings": {
            "ties": "a tie is wrong",
            "interval": "95% bootstrap",
            "similarities": ["centred_dot", "dot"],
            "temperatures": [1.0, 2.0],
        },
        "models": [{"label": "mine", "variant": v} for v in ("before", "after")],
        "left_out": [{"what": "other before", "reason": "no weights"}],
    }
    places = {"results": "/out/results.json", "csv": "/out/figures.csv", "page": "/out/report"}
    print_results(results, {"odd_one_out": ("accuracy", "doubt")}, places)
    text = capsys.readouterr().out
    for said in (
        "accuracy, THINGS",
        "1,200 responses",
        "+0.0100 [-0.0200, +0.0400]",
        "constant",
        "doubt, mine after, dot: it guesses",
        "+0.0000 [-0.2000, +0.0000]",
        "objects without an image: 4 (a, b, c, ...)",
        "images: 1 (e: empty file)",
        "responses that show them: 17",
        "other before: no weights",
        "a tie is wrong",
        *places.values(),
    ):
        assert said in text
    table = text.partition("doubt")[0]
    assert "people" in table, "how far people agree stands with the figures that it bounds"
    assert "majority of the others   0.6100 [0.4000, 0.6000]" in table
    assert (
        "0.123" not in text
    )  # not among the chief figures: the last similarity, the first temperature
