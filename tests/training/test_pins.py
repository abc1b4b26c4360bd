"""A pin keeps a run to the shards that it began with, and refuses others by name."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.training import pins as pinning
from alignet_ray.training.plan import make_plan

STUDENT = ResolvedBackbone(
    name="any",
    model_args=(),
    representation="output",
    preprocessing=Preprocessing(
        resolution=8,
        resize="squash",
        crop_fraction=1.0,
        interpolation="bilinear",
        mean=(0, 0, 0),
        std=(1, 1, 1),
    ),
    dim=1,
    weights_sha256="",
)


def _rewrite(root: str, split: str = "train", **changes: Any) -> None:
    path = Path(root, f"shards/{split}/manifest.json")
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def _shards(root: str, split: str = "train") -> list[dict[str, Any]]:
    return json.loads(Path(root, f"shards/{split}/manifest.json").read_bytes())["shards"]


def test_pins_come_back_from_json(make_config: Any) -> None:
    plan = make_plan(make_config())
    pins = pinning.from_json(json.loads(json.dumps(plan.pins)), "there")
    assert pinning.to_json(pins) == plan.pins == plan.start
    assert pins[0].train.num_shards == 3
    assert pins[0].validation is not None
    with pytest.raises(RecordError, match="there: pins lack"):
        pinning.from_json({"run_0": {"digest": "d"}}, "there")


def test_the_settings_stay_when_shards_join(make_run: Any, make_config: Any) -> None:
    root = make_run(counts=(5, 7, 6))
    whole = _shards(root)
    _rewrite(root, shards=whole[:2])
    config = make_config(runs=(root,), steps=None, epochs=3.0)
    begun = make_plan(config)
    _rewrite(root, shards=whole)
    growing = replace(config, data=replace(config.data, add_new_shards=True))
    grown = make_plan(growing, begun.pins, step=0)
    assert grown.settings(growing, STUDENT) == begun.settings(config, STUDENT)
    assert grown.pins["run_0"]["joined"] == [[0, 2], [1, 3]]
    late = make_plan(growing, begun.pins, step=9)
    assert late.pins == begun.pins
    assert late.remark == "1 new shard left out: no epoch begins before the last step"
    anew = make_plan(growing)
    assert anew.pins["run_0"]["joined"] == [[0, 3]]
    assert anew.settings(growing, STUDENT) != begun.settings(config, STUDENT)


def test_a_validation_split_that_grows_or_comes_later_changes_nothing(
    make_run: Any, make_config: Any
) -> None:
    root, bare = make_run(validation=(4, 3)), make_run(validation=())
    whole = _shards(root, "validation")
    _rewrite(root, "validation", shards=whole[:1])
    config = make_config(runs=(root, bare))
    begun = make_plan(config)
    _rewrite(root, "validation", shards=whole)
    later = make_plan(config, begun.pins)
    assert later.validation is not None
    assert later.validation.group_counts == (4,)
    anew = make_plan(config).validation
    assert anew is not None
    assert anew.group_counts == (4, 3)
    only = make_config(runs=(bare,))
    begun = make_plan(only)
    Path(bare, "shards/validation").symlink_to(Path(root, "shards/validation"))
    assert make_plan(only, begun.pins).validation is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digest": "e"}, r"train/manifest\.json: shards of other settings \(digest e\)"),
        ({"shards": 2}, "2 shards; expected the 3 that training began with"),
        ({"shards": "turned"}, "other shards among the first 3"),
        (None, "no manifest; expected a finished run"),
    ],
)
def test_other_shards_are_refused(
    make_run: Any, make_config: Any, change: dict[str, Any] | None, message: str
) -> None:
    root = make_run()
    config = make_config(runs=(root,))
    pins = make_plan(config).pins
    if change is None:
        Path(root, "shards/train/manifest.json").unlink()
    elif "shards" in change:
        shards = _shards(root)
        _rewrite(
            root,
            shards=shards[:2] if change["shards"] == 2 else [shards[1], shards[0], *shards[2:]],
        )
    else:
        _rewrite(root, **change)
    with pytest.raises((MismatchError, ValueError), match=message):
        make_plan(config, pins)


def test_another_number_of_runs_is_refused(run_root: str, make_config: Any) -> None:
    pins = make_plan(make_config()).pins
    with pytest.raises(MismatchError, match="--runs: 2 runs; expected the 1 that training began"):
        make_plan(make_config(runs=(run_root, run_root)), pins)
