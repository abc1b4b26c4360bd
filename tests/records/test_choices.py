"""The same choices are read from every layout, and what is wrong is said with its lines."""

import io

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.choices import read_choices

NAMES = ("zebra", "ant", "hot-air_balloon", "null", "cup")
HEADER = "object1,object2,object3,odd"


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def as_npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def as_table(rows, kind, subjects=None):
    ids = np.array(NAMES)[rows]
    columns = {f"object{k + 1}": ids[:, k].tolist() for k in range(3)} | {"odd": ids[:, 2].tolist()}
    if subjects is not None:
        columns["subject"] = subjects
    stream = io.BytesIO()
    write = pq.write_table if kind == "parquet" else pyarrow.csv.write_csv
    write(pa.table({"unrelated": [1.5] * len(rows), **columns}), stream)
    return stream.getvalue()


def as_text(rows, separator="\t", ending="\n"):
    return ending.join(separator.join(map(str, row)) for row in rows)


def meant(choices):
    """Each choice as its three ids and the odd one."""
    ids = np.array(choices.names)[choices.triplets]
    return ids.tolist(), ids[np.arange(len(ids)), choices.odd_position].tolist()


different = st.permutations(range(len(NAMES))).map(lambda order: order[:3])


@given(st.lists(different, min_size=1, max_size=20), st.sampled_from([" ", "\t", ",", ", ", "  "]),
       st.sampled_from(["\n", "\r\n", "\n\n", " \n "]))  # fmt: skip
def test_every_layout_says_the_same(rows, separator, ending):
    rows = np.array(rows)
    responses = np.column_stack([rows + 1, np.full(len(rows), 3), np.arange(len(rows))])
    files = {
        "t.txt": as_text(rows.tolist(), separator, ending).encode(),
        "t.npy": as_npy(rows.astype(np.uint16)),
        "r.tsv": b"\xef\xbb\xbf" + as_text(responses.tolist(), separator, ending).encode(),
        "r.npy": as_npy(responses),
        "t.csv": as_table(rows, "csv"),
        "t.parquet": as_table(rows, "parquet", subjects=[f"p{k}" for k in range(len(rows))]),
    }
    ids = np.array(NAMES)[rows]
    for name, data in files.items():
        url = f"memory://choices/{name}"
        fsspec.filesystem("memory").pipe_file(url, data)
        choices = read_choices(url, NAMES)
        assert choices.names == NAMES
        assert meant(choices) == (ids.tolist(), ids[:, 2].tolist()), name
        with_subjects = {"r.tsv", "r.npy", "t.parquet"}
        assert (choices.subjects is not None) == (name in with_subjects)
        if choices.subjects is not None:
            assert choices.subjects.tolist() == list(range(len(rows)))


def test_responses_say_where_the_odd_one_is(tmp_path):
    choices = read_choices(put(tmp_path, "r.tsv", "1\t4\t2\t3\t17\n\n5 3 1 1 18\n"), NAMES)
    assert choices.triplets.tolist() == [[0, 3, 1], [4, 2, 0]]
    assert choices.odd_position.tolist() == [2, 0]
    assert choices.subjects is not None
    assert choices.subjects.tolist() == [17, 18]


def test_a_table_needs_no_names_and_the_odd_one_may_be_anywhere(tmp_path):
    text = f"odd\tsubject\t{HEADER[:-4]}\n".replace(",", "\t")
    text += 'b\tann\tc\tb\ta\n"x y"\tbob\tx y\ta\tb\nd\tann\ta\tb\td\n'
    choices = read_choices(put(tmp_path, "t.tsv", text), None)
    assert choices.names == ("a", "b", "c", "d", "x y")
    assert choices.triplets.tolist() == [[2, 1, 0], [4, 0, 1], [0, 1, 3]]
    assert choices.odd_position.tolist() == [1, 0, 2]
    assert choices.subjects is not None
    assert choices.subjects.tolist() == [0, 1, 0]


def test_subject_numbers_may_be_large(tmp_path):
    url = put(tmp_path, "r.txt", "1 2 3 1 900000000000000000\n1 2 4 1 7\n")
    choices = read_choices(url, NAMES)
    assert choices.subjects is not None
    assert choices.subjects.tolist() == [900_000_000_000_000_000, 7]


TEXT = [
    ("1 2 3 1 9\n1 2 6 1 9\n0 1 2 1 9\n", "out of range (6) on lines 2, 3; expected 1 to 5"),
    ("0 1 2 1 9\n\n4 1 2 1 9\n", "counted from 1 in the 5 names. They look counted from 0"),
    ("1 2 3\n\n1 2 5\n", "(5) on line 3; expected 0 to 4, counted from 0 in the 5 names. They"),
    ("0 2 3\n1 2 5\n", "Give the names file that the numbers were made with"),
    ("0 2 3\n1 -2 4\n", "out of range (-2) on line 2"),
    ("1 2 3 1 9\n\n1 2 3 4 9\n1 2 3 0 9\n", "a choice of 4 on lines 3, 4"),
    ("1 2 2 1 9\n", "an object twice on line 1"),
    ("0 1 2\n1 2 1\n", "an object twice on line 2"),
    ("1 2 3 1 9\n1 2 3 1\n", "line 2: '1 2 3 1'; expected 5 whole numbers"),
    ("0 1 2\n0 1 2 3\n0 1\n", "lines 2, 3: '0 1 2 3'; expected 3 whole numbers"),
    ("1 2 3 1\n1 2 3 1\n", "4 columns on its first line: '1 2 3 1'"),
    ("i j k choice subject\n1 2 3 1 9\n", "line 1: 'i j k choice subject'"),
    ("0 1 2.0\n", "line 1: '0 1 2.0'"),
    ("0 1 2\n0 nan 2\n", "line 2: '0 nan 2'"),
    ("0 1 0x2\n", "line 1: '0 1 0x2'"),
    ("0 1 99999999999999999999\n", "line 1: '0 1 9999"),
    ("0,,2\n", "2 columns on its first line"),
    ("0,1,2\n0,,2\n", "line 2: '0,,2'"),
    ("0 1 2\n0 1-2 3\n", "line 2: '0 1-2 3'"),
    ("\n \n", "no rows: the file is empty"),
    ("dog,cat,car,car\ncat,car,dog,dog\n", "no header on its first line: 'dog,cat,car,car'"),
    ("dog;cat;car;car\n", "Separate its columns by commas or tabs"),
    ("", "no rows: the file is empty"),
    ("1 2 7 1 9\n" * 9, "lines 1, 2, 3, 4, 5 and 4 more"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), TEXT)
def test_bad_numbers_name_their_lines(tmp_path, text, said):
    url = put(tmp_path, "r.tsv", text)
    with pytest.raises(InputError) as caught:
        read_choices(url, NAMES)
    assert said in str(caught.value)
    assert str(caught.value).startswith(url)
    assert caught.value.remedy


TABLES = [
    (f"{HEADER}\nant,cup,null,ant\nant,dog,cow,ant\n", "lacks ('dog', 'cow') in row 2"),
    (f"{HEADER}\nant,cup,ant,cup\n", "an object twice in row 1"),
    (f"{HEADER}\nant,cup,null,ant\nant,cup,null,zebra\n", "odd one outside its triplet in row 2"),
    (f"{HEADER}\nant,,null,ant\n", "no object id in row 1"),
    (f"{HEADER}\nant,cup,null,ant,9\n", "unreadable (CSV parse error"),
    (f"{HEADER}\n", "no rows"),
    ("object1,object2,object3\nant,cup,null\n", "no column odd"),
    ("object1,object2,odd,odd,object3\nant,cup,null,ant,ant\n", "column odd twice"),
    (f"{HEADER},subject\nant,cup,null,ant,\n", "no subject in row 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), TABLES)
def test_bad_tables_name_their_rows(tmp_path, text, said):
    url = put(tmp_path, "t.csv", text)
    with pytest.raises(InputError) as caught:
        read_choices(url, NAMES)
    assert said in str(caught.value)
    assert str(caught.value).startswith(url)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([[0.0, 1.0, 2.0]]), "type float64"),
        (np.array([[True, False, True]]), "type bool"),
        (np.array([["a", "b", "c"]]), "type <U1"),
        (np.array([[{}, 1, 2]], dtype=object), "unreadable (Object arrays"),
        (np.array([0, 1, 2]), "shape (3,)"),
        (np.array([[0, 1]]), "shape (1, 2)"),
        (np.empty((0, 3), np.int64), "shape (0, 3)"),
        (np.array([[0, 1, 2**63]], dtype=np.uint64), "number 9223372036854775808"),
        (np.array([[0, 1, 2], [0, 1, 5]]), "(5) on row 2"),
        (np.array([[0, 1, 2], [0, -1, 2]]), "(-1) on row 2"),
    ],
)
def test_bad_arrays(tmp_path, array, said):
    url = put(tmp_path, "t.npy", as_npy(array, allow_pickle=True))
    with pytest.raises(InputError) as caught:
        read_choices(url, NAMES)
    assert said in str(caught.value)
    assert str(caught.value).startswith(url)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["t.npy", "t.parquet"])
def test_files_that_are_not_what_their_suffix_says(tmp_path, name):
    with pytest.raises(InputError, match="unreadable"):
        read_choices(put(tmp_path, name, "0 1 2\n"), NAMES)


def test_null_ids_and_odd_types_of_a_parquet_table(tmp_path):
    columns = {"object1": ["ant", None], "object2": ["cup"] * 2, "object3": ["null"] * 2}

    def url_of(**changes):
        stream = io.BytesIO()
        pq.write_table(pa.table({**columns, "odd": ["cup"] * 2, **changes}), stream)
        return put(tmp_path, "t.parquet", stream.getvalue())

    for changes, said in (
        ({}, "no object id in row 2"),
        ({"object1": [{"a": 1}] * 2}, "ids, as text or numbers"),
        ({"object1": [float("nan")] * 2}, r"lacks \('nan'\)"),
        ({"object1": ["ant"] * 2, "subject": ["bob", None]}, "no subject in row 2"),
    ):
        with pytest.raises(InputError, match=said):
            read_choices(url_of(**changes), NAMES)


@pytest.mark.parametrize(
    ("name", "content", "layout", "names", "error", "said"),
    [
        ("t.txt", "0 1 2\n", "auto", None, ConfigError, "--names: none given, but"),
        ("t.npy", as_npy(np.array([[0, 1, 2]])), "table", NAMES, ConfigError, "is a .npy file"),
        ("t.parquet", b"", "triplets", NAMES, ConfigError, "is a .parquet file"),
        ("t.txt", "0 1 2\n", "responses", NAMES, InputError, "expected 5 whole numbers"),
        ("t.txt", "1 2 3 1 1\n", "triplets", NAMES, InputError, "expected 3 whole numbers"),
        ("t.txt", "0 1 2\n", "table", NAMES, InputError, "no column object1"),
        (
            "t.csv",
            f"{HEADER}\nant,cup,null,ant\n",
            "triplets",
            NAMES,
            InputError,
            "lines 1, 2: 'obj",
        ),
    ],
)
def test_a_layout_that_the_file_does_not_have(tmp_path, name, content, layout, names, error, said):
    with pytest.raises(error) as caught:
        read_choices(put(tmp_path, name, content), names, layout)
    assert said in str(caught.value)
