"""YAML of others gives plain values, and never more of them than memory holds."""

import time

import pytest
import yaml

from alignet_ray.config.plain_yaml import load_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


def test_plain_values_and_a_few_aliases_come_back():
    assert load_yaml("a: &x [1, two]\nb: *x\nc: {d: null}") == {
        "a": [1, "two"], "b": [1, "two"], "c": {"d": None},
    }  # fmt: skip
    assert load_yaml("") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "aliases that stand for more than"),
        ("a: &a {b: *a}", "aliases that stand for more than"),
        ("[" * 5000, "nested more than 50 deep"),
        ("a: !!python/object/apply:os.system ['touch x']", "could not determine a constructor"),
        ("a: 2020-99-99", "month must be in"),
        ("a: [", "expected the node content"),
    ],
)
def test_bombs_and_objects_are_refused_at_once(text, said):
    start = time.process_time()
    with pytest.raises(yaml.YAMLError, match=said):
        load_yaml(text)
    assert time.process_time() - start < 2
