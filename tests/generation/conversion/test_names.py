"""Names find images by base name, and by key where they have a folder."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.errors import InputError
from alignet_ray.generation.conversion.names import (
    MISSING,
    NameTable,
    as_strings,
    longest,
    repeated_base_name,
)

WORDS = st.text("abü", min_size=1, max_size=2)
KEYS = st.lists(
    st.lists(WORDS, min_size=1, max_size=3).map("/".join), min_size=1, max_size=12, unique=True
)
NAMES = st.lists(st.lists(WORDS, min_size=1, max_size=2).map("/".join), min_size=1, max_size=4).map(
    lambda names: np.array([names] * 3).T
)


def by_hand(keys, name):
    if "/" in name:
        return (keys.index(name) if name in keys else MISSING), False
    rows = [row for row, key in enumerate(keys) if key.split("/")[-1] == name]
    return (rows[0] if rows else MISSING), len(rows) > 1


@given(KEYS, NAMES, st.sampled_from("US"))
def test_finding_equals_the_search_by_hand(keys, names, kind):
    table = NameTable.of(pa.chunked_array([keys[:1], keys[1:]], pa.string()))
    stored = names if kind == "U" else np.char.encode(names, "utf-8")
    rows, is_ambiguous = table.find(as_strings(stored, "file"))
    expected = [by_hand(keys, name) for name in names.reshape(-1).tolist()]
    assert list(zip(rows.tolist(), is_ambiguous.tolist(), strict=True)) == expected


@given(KEYS)
def test_a_repeated_base_name_is_found(keys):
    found = repeated_base_name(pa.chunked_array([keys]))
    names = [key.split("/")[-1] for key in keys]
    repeated = sorted({name for name in names if names.count(name) > 1}, key=str.encode)
    assert found == (repeated[0] if repeated else None)


def test_lengths_are_characters():
    assert longest(pa.chunked_array([["aü", "b"], ["üüü"]])) == 3


@pytest.mark.parametrize(
    "names", [np.array([[b"\xff"] * 3]), np.array([["\ud800"] * 3])], ids=["bytes", "unicode"]
)
def test_what_is_no_text_is_one_line(names):
    with pytest.raises(InputError, match="are no text"):
        as_strings(names, "file.npz")
