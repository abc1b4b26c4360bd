"""Probabilities by id, refused in one clear line that names their rows."""

import io

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.human_tables import (
    Columns,
    encode_ids,
    object_rows,
    read_probabilities,
    read_table,
)


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def refusal(read, *arguments):
    with pytest.raises(InputError) as caught:
        read(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def table(**changes):
    columns = {
        "object1": ["ant", "null"],
        "object2": ["cup", "ant"],
        "object3": ["null", "cup"],
        "p01": [0.2, 1.0],
        "p02": [0.3, 0.0],
        "p12": [0.5, 0.0],
    }
    return pa.table({**columns, **changes})


def stored(tmp_path, kind, content):
    stream = io.BytesIO()
    write = pq.write_table if kind == "parquet" else pyarrow.csv.write_csv
    write(content, stream)
    return put(tmp_path, f"p.{kind}", stream.getvalue())


PROBABILITY_NAMES = ("cup", "ant", "null")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_probabilities_by_id(tmp_path, kind):
    read = read_probabilities(stored(tmp_path, kind, table()), PROBABILITY_NAMES)
    assert read.triplets.tolist() == [[1, 0, 2], [2, 1, 0]]
    assert read.probabilities.tolist() == [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"object2": ["cup", "dog"]}, "objects that the names file lacks ('dog') in row 2"),
        ({"object2": ["ant", "ant"]}, "an object twice in row 1"),
        ({"p01": [0.2, 0.9]}, "do not sum to 1 in row 2"),
        ({"p01": [-0.2, 1.0], "p12": [0.9, 0.0]}, "out of range in row 1"),
        ({"p01": [0.2, float("nan")]}, "out of range in row 2"),
        ({"p01": ["x", "y"]}, "not a number"),
    ],
)
def test_bad_probabilities_name_their_rows(tmp_path, kind, changes, said):
    url = stored(tmp_path, kind, table(**changes))
    assert said in refusal(read_probabilities, url, PROBABILITY_NAMES)


def test_probabilities_without_columns_or_rows_or_sense(tmp_path):
    lacking = stored(tmp_path, "csv", table().drop_columns(["p02", "object1"]))
    assert "no column object1, p02" in refusal(read_probabilities, lacking, PROBABILITY_NAMES)
    empty = stored(tmp_path, "parquet", table().slice(0, 0))
    assert "no rows" in refusal(read_probabilities, empty, PROBABILITY_NAMES)
    broken = put(tmp_path, "b.parquet", "no parquet")
    assert "unreadable" in refusal(read_probabilities, broken, PROBABILITY_NAMES)


def test_without_names_they_are_the_ids_that_occur_sorted(tmp_path):
    first = pa.DictionaryArray.from_arrays(pa.array([3, 2]), ["unused", "bat", "bee", "zebra"])
    read = read_probabilities(stored(tmp_path, "parquet", table(object1=first)), None)
    assert read.names == ("ant", "bee", "cup", "null", "zebra")
    assert read.triplets.tolist() == [[4, 2, 3], [1, 0, 2]]


def test_ids_of_any_type_are_text(tmp_path):
    numbers = table(object1=[1, 30], object2=[2, 1], object3=[30, 2])
    for kind in ("parquet", "csv"):
        read = read_probabilities(stored(tmp_path, kind, numbers), ("30", "1", "2"))
        assert read.triplets.tolist() == [[1, 2, 0], [0, 1, 2]]


def test_codes_of_null_and_empty_are_minus_one():
    columns = pa.table({"a": ["x", None, ""], "b": pa.array(["y", "x", "x"]).dictionary_encode()})
    codes, found = encode_ids(columns, ("a", "b"), "u")
    assert [[found[c] if c >= 0 else None for c in row] for row in codes.tolist()] == [
        ["x", "y"],
        [None, "x"],
        [None, "x"],
    ]


def test_tables_of_several_blocks_have_one_list_of_ids(tmp_path):
    rows = [("ant", "bee", "cup"), ("cup", "dog", "ant")] * 60_000
    text = "object1,object2,object3\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    url = put(tmp_path, "t.csv", text)
    columns = Columns()
    read = object_rows(read_table(url, columns), columns, None, url)
    assert read.names == ("ant", "bee", "cup", "dog")
    assert (read.triplets[::2] == [0, 1, 2]).all()
    assert (read.triplets[1::2] == [2, 3, 0]).all()
