"""Human data: matched by id, refused in one clear line, and equal to the known answers."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from alignet_ray.errors import InputError, StorageError
from alignet_ray.functional.agreement import (
    choice_entropy,
    count_choices,
    leave_one_out_majority,
    majority_share,
    num_correct,
)
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.records.human import (
    read_human_embedding,
    read_names,
    read_probabilities,
    read_responses,
)
from alignet_ray.records.object_images import find_object_images

NAMES = ("ant", "bat1", "bat2", "cup", "hot-air_balloon")


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def refusal(read, *arguments):
    with pytest.raises(InputError) as caught:
        read(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_names_are_lines(tmp_path):
    assert read_names(put(tmp_path, "n", "\ufeffant\r\nbat1\ncup\n\n")) == ("ant", "bat1", "cup")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ant\ncup\nant\nbat\ncup\n", "'ant' on lines 1, 3, 'cup' on lines 2, 5"),
        ("ant\n\ncup\nbat\n", "empty line 2"),
        ("ant\n", "1 names"),
        (b"\xff\xfe\n", "not UTF-8"),
    ],
)
def test_bad_names_name_their_lines(tmp_path, text, said):
    assert said in refusal(read_names, put(tmp_path, "n", text))


def test_responses_become_rows_and_positions(tmp_path):
    url = put(tmp_path, "r.tsv", "1\t4\t2\t3\t17\n\n5 3 1 1 18\n")
    responses = read_responses(url, NAMES)
    assert responses.triplets.tolist() == [[0, 3, 1], [4, 2, 0]]
    assert responses.odd_position.tolist() == [2, 0]
    assert responses.subjects.tolist() == [17, 18]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 2 3 1 9\n1 2 6 1 9\n0 1 2 1 9\n", "object numbers out of range on lines 2, 3"),
        ("1 2 3 1 9\n\n1 2 3 4 9\n1 2 3 0 9\n", "a choice on lines 3, 4"),
        ("1 2 2 1 9\n", "an object twice on line 1"),
        ("1 2 3 1\n1 2 3 1\n", "lines 1, 2: '1 2 3 1'"),
        ("1 2 3 1 9\n1 2 3 1\n", "line 2: '1 2 3 1'"),
        ("object1 object2 object3 choice subject\n1 2 3 1 9\n", "line 1: 'object1"),
        ("1 2 3.5 1 9\n", "line 1: "),
        ("\n", "no responses"),
        ("1 2 7 1 9\n" * 9, "lines 1, 2, 3, 4, 5 and 4 more"),
    ],
)
def test_bad_responses_name_their_lines(tmp_path, text, said):
    url = put(tmp_path, "r.tsv", text)
    assert said in (line := refusal(read_responses, url, NAMES))
    assert url in line


def test_triplets_are_found_by_id_in_any_order_and_dropped_where_an_object_is_missing(tmp_path):
    responses = read_responses(put(tmp_path, "r", "1 4 2 3 7\n1 2 5 1 7\n"), NAMES)
    rows, kept = responses.rows_among(("cup", "bat1", "ant", "unrelated"))
    assert rows.tolist() == [[2, 0, 1]]
    assert kept.tolist() == [True, False]


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
        ({"object2": ["cup", "dog"]}, "objects that the names file lacks in row 2"),
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


def test_embedding_rows_are_names(tmp_path):
    path = tmp_path / "e.npy"
    np.save(path, np.arange(10, dtype=np.float32).reshape(5, 2))
    assert read_human_embedding(str(path), NAMES)[4].tolist() == [8.0, 9.0]
    assert "shape (5, 2); expected 4 rows" in refusal(read_human_embedding, str(path), NAMES[:4])


@pytest.mark.parametrize(
    "array",
    [np.full((5, 2), np.nan), np.array([["a", "b"]] * 5), np.array([[{}]] * 5), np.zeros(5)],
)
def test_embeddings_of_no_numbers_are_refused(tmp_path, array):
    path = tmp_path / "e.npy"
    np.save(path, array, allow_pickle=True)
    refusal(read_human_embedding, str(path), NAMES)


def test_a_missing_file_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="not found"):
        read_names(str(tmp_path / "none"))


@pytest.mark.real
def test_known_answers(real_data):
    things = real_data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    responses = read_responses(str(things / "human_test_triplets.tsv"), names)
    vectors = read_human_embedding(str(things / "vice_embedding_42d.npy"), names)
    triplets, counts = count_choices(responses.triplets, responses.odd_position)
    assert (len(triplets), counts.sum()) == (1000, 20_000)
    assert majority_share(counts).mean() == pytest.approx(0.67221, abs=5e-6)
    assert leave_one_out_majority(counts).mean() == pytest.approx(0.64387, abs=5e-6)
    assert choice_entropy(counts).mean() == pytest.approx(0.73242, abs=5e-6)
    shares = num_correct(pair_similarities(vectors, triplets), counts) / counts.sum(axis=1)
    assert shares.mean() == pytest.approx(0.63564, abs=5e-6)


@pytest.mark.real
def test_one_things_image_is_missing(real_data):
    things = real_data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    assert find_object_images(str(things / "images"), names).missing == ("yo-yo",)
