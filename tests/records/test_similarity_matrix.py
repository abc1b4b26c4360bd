"""Human similarity matrices: every format says the same, and what is wrong is refused."""

import numpy as np
import pytest
import scipy.io

from alignet_ray.errors import InputError
from alignet_ray.records.similarity_matrix import read_similarity_matrix

TRIANGLE = [0.5, 0.25, -0.5, 0.75, 0.0, 0.1]


def matrix(diagonal=1.0):
    square = np.zeros((4, 4))
    square[np.triu_indices(4, 1)] = TRIANGLE
    square += square.T
    np.fill_diagonal(square, diagonal)
    return square


def saved(path, array, **others):
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".mat":
        scipy.io.savemat(path, {"RDM": array, **others})
    else:
        np.savetxt(path, array, delimiter=",")
    return str(path)


@pytest.mark.parametrize("suffix", ["npy", "mat", "csv"])
@pytest.mark.parametrize("diagonal", [1.0, np.nan])
def test_every_format_says_the_same(tmp_path, suffix, diagonal):
    read = read_similarity_matrix(saved(tmp_path / f"rsm.{suffix}", matrix(diagonal)))
    assert (read.names, read.num_images, read.num_unjudged_pairs) == (None, 4, 0)
    assert read.triangles.tolist() == [TRIANGLE]


def test_a_triangle_may_stand_alone(tmp_path):
    for shape in ((6,), (1, 6), (6, 1)):
        path = saved(tmp_path / "rsm.npy", np.array(TRIANGLE).reshape(shape))
        assert read_similarity_matrix(path).triangles.tolist() == [TRIANGLE]


def test_dissimilarities_are_negated(tmp_path):
    path = saved(tmp_path / "rdm.npy", 1 - matrix())
    read = read_similarity_matrix(path, "dissimilarity")
    assert read.triangles == pytest.approx(np.array([TRIANGLE]) - 1)


@pytest.mark.parametrize("suffix", ["npy", "mat"])
def test_participants_come_first_and_may_have_left_pairs_out(tmp_path, suffix):
    people = np.stack([matrix(), matrix(2.0), matrix()])
    people[1, 0, 1] = people[1, 1, 0] = np.nan
    people[:, 2, 3] = people[:, 3, 2] = np.nan
    read = read_similarity_matrix(saved(tmp_path / f"rsm.{suffix}", people))
    assert read.triangles.shape == (3, 6)
    assert np.isnan(read.triangles).sum() == 4
    assert read.num_unjudged_pairs == 1


@pytest.mark.parametrize("has_corner", [True, False])
@pytest.mark.parametrize("has_row_names", [True, False])
def test_names_of_a_csv_are_read(tmp_path, has_corner, has_row_names):
    names = ["cat", "dog", "7", "ape"]
    corner = [""] if has_corner and has_row_names else []
    lines = [",".join(corner + names)]
    for name, row in zip(names, matrix().tolist(), strict=True):
        fields = [str(value) if value != 0.1 else "" for value in row]
        lines.append(",".join(([name] if has_row_names else []) + fields))
    path = tmp_path / "rsm.csv"
    path.write_text("\n".join(lines) + "\n")
    read = read_similarity_matrix(str(path))
    assert read.names == tuple(names)
    assert read.num_unjudged_pairs == 1
    assert read.triangles[0, :5].tolist() == TRIANGLE[:5]


def test_names_of_a_csv_may_be_numbers_after_an_empty_corner(tmp_path):
    lines = [",0,1,2,3"]
    lines += [",".join(map(str, [place, *row])) for place, row in enumerate(matrix().tolist())]
    path = tmp_path / "rsm.csv"
    path.write_text("\n".join(lines) + "\n")
    read = read_similarity_matrix(str(path))
    assert (read.names, read.num_images) == (("0", "1", "2", "3"), 4)
    assert read.triangles.tolist() == [TRIANGLE]
    # An empty diagonal is no header: these numbers are not whole.
    path.write_text(",0.5,0.25\n0.5,,0.75\n0.25,0.75,\n")
    read = read_similarity_matrix(str(path))
    assert (read.names, read.triangles.tolist()) == (None, [[0.5, 0.25, 0.75]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty file"),
        ("1,2\n3\n", r"rows of \[1, 2\] fields"),
        ("1,2,3\n2,1,x\n3,x,1\n", "'x' in row 2"),
        ("1,2,3\n2,1,3\n", "shape"),
        (",a,b,c\na,1,0,0\nc,0,1,0\nb,0,0,1\n", "'c' among the rows' names"),
        ("a,b,a\n1,0,0\n0,1,0\n0,0,1\n", "repeated object ids: 'a' on columns 1, 3"),
    ],
)
def test_a_csv_that_is_no_matrix_is_refused(tmp_path, text, said):
    path = tmp_path / "rsm.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_similarity_matrix(str(path))


def changed(row, column, value):
    array = matrix()
    array[row, column] = value
    return array


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (changed(0, 2, 9.0), r"9 in row 1, column 3, but 0.25 the other way round \(1 such pair"),
        (changed(0, 2, np.nan), "NaN in row 1, column 3, but 0.25"),
        (changed(0, 2, np.inf), "infinity in row 1, column 3"),
        (1 - matrix(), "less similar to itself .*Is it a dissimilarity matrix"),
        (np.zeros((2, 2)), "at least 3 images"),
        (np.zeros((4, 5)), r"shape \(4, 5\); expected a square matrix"),
        (np.zeros((1, 7)), "7 numbers in one row"),
        (np.array([["a"] * 3] * 3), "type <U1"),
        (np.array([[0.0, 1, np.nan], [1, 0, np.nan], [np.nan, np.nan, 0]]) - 2, "judged|itself"),
    ],
)
def test_what_is_no_such_matrix_is_refused(tmp_path, array, said):
    with pytest.raises(InputError, match=said):
        read_similarity_matrix(saved(tmp_path / "rsm.npy", array))


def test_an_image_without_a_judged_pair_is_refused(tmp_path):
    array = matrix(np.nan)
    array[2] = array[:, 2] = np.nan
    with pytest.raises(InputError, match=r"no judged pair of image 3 \(1 such images\)"):
        read_similarity_matrix(saved(tmp_path / "rsm.npy", array))


def test_a_similarity_matrix_is_no_dissimilarity_matrix(tmp_path):
    with pytest.raises(InputError, match="Is it a similarity matrix"):
        read_similarity_matrix(saved(tmp_path / "rsm.npy", matrix()), "dissimilarity")


def test_the_wrong_participant_is_named(tmp_path):
    people = np.stack([matrix(), changed(0, 1, 7.0)])
    with pytest.raises(InputError, match="participant 2: 7 in row 1"):
        read_similarity_matrix(saved(tmp_path / "rsm.npy", people))


def test_one_array_of_a_mat_file_is_named(tmp_path):
    path = saved(tmp_path / "rsm.mat", matrix(), other=matrix(2.0), words="text")
    assert read_similarity_matrix(path, variable="other").num_images == 4
    with pytest.raises(InputError, match="2 arrays of numbers"):
        read_similarity_matrix(path)
    with pytest.raises(InputError, match="no array 'none'"):
        read_similarity_matrix(path, variable="none")


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "rsm.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="unreadable"):
        read_similarity_matrix(str(path))
    (tmp_path / "rsm.mat").write_bytes(b"no matlab" * 40)
    with pytest.raises(InputError, match=r"unreadable|version"):
        read_similarity_matrix(str(tmp_path / "rsm.mat"))
    (tmp_path / "rsm.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"a \.xlsx file"):
        read_similarity_matrix(str(tmp_path / "rsm.xlsx"))
