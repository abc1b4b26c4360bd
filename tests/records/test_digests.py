"""One text per value, one digest per text, and a sentence that names every difference."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.records.digests import (
    canonical_json,
    differences,
    digest,
    parse_json,
    refuse_other_settings,
)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES.filter(lambda x: x not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(OBJECTS)
def test_json_comes_back_as_it_was(value):
    assert parse_json(canonical_json(value), "here") == value


@given(OBJECTS)
def test_the_order_of_keys_does_not_matter(value):
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_digests_are_golden():
    expected = "b82da9821492f99047719ddf050b1d4e88082ffe99672db538cbec2ff5c3f15a"
    assert canonical_json({"b": [1, 2.5, None], "a": "ü"}) == b'{"a":"\\u00fc","b":[1,2.5,null]}\n'
    assert digest({"b": [1, 2.5, None], "a": "ü"}) == expected


def test_nan_has_no_digest():
    with pytest.raises(ValueError, match="JSON"):
        digest(float("nan"))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"3", b"\xff", b"null"])
def test_what_is_no_json_object_is_refused_with_its_place(data):
    with pytest.raises(RecordError, match=r"here: .*; expected a JSON object"):
        parse_json(data, "here")


@given(OBJECTS)
def test_nothing_differs_from_itself(value):
    assert list(differences(value, json.loads(json.dumps(value)))) == []


def test_differences_are_named_by_their_dotted_fields():
    found = {"a": 1, "b": {"c": 2, "d": 3}, "e": 5}
    wanted = {"a": 1, "b": {"c": 9, "d": 3}, "f": 6}
    assert list(differences(found, wanted)) == [("b.c", 2, 9), ("e", 5, None), ("f", None, 6)]


def test_other_settings_are_refused_naming_each():
    with pytest.raises(MismatchError) as caught:
        refuse_other_settings({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, "root", "Stop.")
    assert str(caught.value) == (
        "root: other settings: a.b 3 (made with 1); expected the settings it was made with. Stop."
    )


@pytest.mark.parametrize("data", [b'{"a":' * 200_000, b'{"a":' + b"[" * 200_000, b'{"a":\xff}'])
def test_json_that_is_nested_without_end_is_a_record_error(data):
    with pytest.raises(RecordError, match=r"a.json: unreadable JSON"):
        parse_json(data, "a.json")
