"""Names are lines; triplets are matched by id; the real responses give the known answers."""

import numpy as np
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
from alignet_ray.records.choices import read_choices
from alignet_ray.records.human import HumanChoices, read_names, without_triplets_of
from alignet_ray.records.human_embedding import read_human_embedding
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


def test_triplets_are_found_by_id_in_any_order_and_dropped_where_an_object_is_missing():
    choices = HumanChoices(
        names=NAMES, triplets=np.array([[0, 3, 1], [0, 1, 4]]), odd_position=np.array([2, 0])
    )
    rows, kept = choices.rows_among(("cup", "bat1", "ant", "unrelated"))
    assert rows.tolist() == [[2, 0, 1]]
    assert kept.tolist() == [True, False]


def test_hard_labels_are_the_pair_that_the_odd_one_is_not_in():
    choices = HumanChoices(
        names=NAMES, triplets=np.array([[0, 1, 2]] * 3), odd_position=np.array([0, 1, 2])
    )
    assert choices.probabilities.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_a_missing_file_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="not found"):
        read_names(str(tmp_path / "none"))


@pytest.mark.real
def test_known_answers(real_data):
    things = real_data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    responses = read_choices(str(things / "human_test_triplets.tsv"), names)
    vectors = read_human_embedding(str(things / "vice_embedding_42d.npy"), names).vectors
    triplets, counts = count_choices(responses.triplets, responses.odd_position)
    assert (len(triplets), counts.sum()) == (1000, 20_000)
    assert majority_share(counts).mean() == pytest.approx(0.67221, abs=5e-6)
    assert leave_one_out_majority(counts).mean() == pytest.approx(0.64387, abs=5e-6)
    assert choice_entropy(counts).mean() == pytest.approx(0.73242, abs=5e-6)
    shares = num_correct(pair_similarities(vectors, triplets), counts) / counts.sum(axis=1)
    assert shares.mean() == pytest.approx(0.63564, abs=5e-6)
    similarities = pair_similarities(vectors, triplets)
    log_sums = np.log(np.exp(similarities).sum(axis=1, keepdims=True))
    log_shares = (counts * (similarities - log_sums)).sum(axis=1) / counts.sum(axis=1)
    assert -log_shares.mean() == pytest.approx(0.83645, abs=5e-6), "per unique triplet"
    assert len(np.unique(responses.subjects)) == 325


@pytest.mark.real
def test_one_things_image_is_missing(real_data):
    things = real_data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    assert find_object_images(str(things / "images"), names).missing == ("yo-yo",)


def test_triplets_that_others_show_are_left_out_in_any_order():
    names = ("a", "b", "c", "d")
    own = HumanChoices(
        names=names, triplets=np.array([[0, 1, 2], [3, 1, 0], [2, 3, 1]]),
        odd_position=np.array([0, 1, 2]), subjects=np.array([7, 8, 9]),
    )  # fmt: skip
    others = HumanChoices(
        names=("d", "b", "a", "z"), triplets=np.array([[2, 1, 0], [3, 1, 0]]),
        odd_position=np.array([0, 0]),
    )  # fmt: skip
    left = without_triplets_of(own, others)
    assert left.triplets.tolist() == [[0, 1, 2], [2, 3, 1]]
    assert left.odd_position.tolist() == [0, 2]
    assert left.subjects is not None
    assert left.subjects.tolist() == [7, 9]
