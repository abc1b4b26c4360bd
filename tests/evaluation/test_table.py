"""The printed table says every figure, what was left out and where to look."""

from alignet_ray.evaluation.table import print_results


def row(**of):
    return {"estimate": 0.5, "low": 0.4, "high": 0.6, "similarity": "dot", **of}


def test_every_figure_and_everything_left_out_is_said(capsys):
    results = {
        "data": {
            "name": "THINGS", "num_responses": 1200, "num_triplets": 60,
            "num_dropped_responses": 17, "missing_images": ["a", "b", "c", "d"],
            "rejected_images": {"e": "empty file"},
        },
        "settings": {"similarities": ["dot"], "centre": "mean of all", "interval": "95% bootstrap"},
        "ceilings": {"leave_one_out_majority": row(estimate=0.61), "majority_share": row()},
        "models": [{"label": "mine"}],
        "accuracies": [row(label="mine", variant=v) for v in ("before", "after")],
        "differences": [
            row(label="mine", to="after", estimate=0.01, low=-0.02, high=0.04)
        ],
        "left_out": [{"label": "other", "variant": "before", "reason": "no weights"}],
    }  # fmt: skip
    print_results(results, "/out/results.json")
    text = capsys.readouterr().out
    for said in (
        "THINGS: odd-one-out accuracy, 1,200 responses",
        "+0.0100 [-0.0200, +0.0400]",
        "majority of the others 0.6100",
        "objects without an image: 4 (a, b, c, ...)",
        "objects with a broken image: 1 (e)",
        "responses that show them: 17",
        "other before: no weights",
        "/out/results.json",
    ):
        assert said in text
