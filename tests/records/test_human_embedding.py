"""Ready human embeddings: whose rows they are, and numbers that a Gaussian can have."""

import numpy as np
import pytest

from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.human_embedding import read_human_embedding

NAMES = ("ant", "bat1", "bat2", "cup", "hot-air_balloon")


def saved(folder, name, array):
    path = folder / name
    np.save(path, array, allow_pickle=True)
    return str(path)


def named(folder, names):
    path = folder / "own.txt"
    path.write_text("\n".join(names))
    return str(path)


def refusal(*arguments, **options):
    with pytest.raises(InputError) as caught:
        read_human_embedding(*arguments, **options)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def test_rows_are_names_and_a_scale_is_one_of_each_number(tmp_path):
    mean = np.arange(10, dtype=np.float32).reshape(5, 2) - 4
    scale = saved(tmp_path, "s.npy", np.ones((5, 2), np.float32))
    read = read_human_embedding(saved(tmp_path, "e.npy", mean), NAMES, scale=scale)
    assert read.names == NAMES
    assert read.vectors.tolist() == mean.tolist()
    assert read.scale is not None
    assert (read.scale == 1).all()
    url = str(tmp_path / "e.npy")
    assert read_human_embedding(url, NAMES).scale is None
    assert "shape (5, 2); expected 4 rows" in refusal(url, NAMES[:4])


def test_rows_in_another_order_keep_their_own_ids(tmp_path):
    url = saved(tmp_path, "e.npy", np.arange(10.0).reshape(5, 2))
    own = named(tmp_path, NAMES[::-1])
    for names in (NAMES, None):
        read = read_human_embedding(url, names, own_names=own)
        assert read.names == NAMES[::-1]
        assert read.vectors[0].tolist() == [0.0, 1.0]


def test_other_objects_are_named_with_their_rows(tmp_path):
    url = saved(tmp_path, "e.npy", np.zeros((5, 2)))
    own = named(tmp_path, ("cup", "dog", "ant", "bat1", "cow"))
    said = "objects that --names lacks on rows 2, 5: 'dog', 'cow'"
    assert said in refusal(url, NAMES, own_names=own)
    own = named(tmp_path, ("cup", "ant", "bat1"))
    said = "no row for lines 3, 5 of --names: 'bat2', 'hot-air_balloon'"
    assert said in refusal(url, NAMES, own_names=own)


def test_rows_without_any_names(tmp_path):
    url = saved(tmp_path, "e.npy", np.zeros((5, 2)))
    with pytest.raises(ConfigError, match="--names: none given"):
        read_human_embedding(url, None)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.vstack([np.zeros((4, 2)), [[np.nan, 0]]]), "NaN or infinity in row 5"),
        (np.full((5, 2), np.inf), "NaN or infinity in rows 1, 2, 3, 4, 5"),
        (np.array([["a", "b"]] * 5), "type <U1"),
        (np.array([[1j]] * 5), "type complex128"),
        (np.array([[{}]] * 5), "unreadable (Object arrays"),
        (np.zeros(5), "shape (5,)"),
        (np.zeros((5, 0)), "shape (5, 0)"),
    ],
)
def test_embeddings_of_no_numbers_are_refused(tmp_path, array, said):
    assert said in refusal(saved(tmp_path, "e.npy", array), NAMES)


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (np.ones((5, 3)), "shape (5, 3); expected that of the human embedding, (5, 2)"),
        (np.array([[1.0, 1]] * 4 + [[1, 0]]), "0 or less in row 5"),
        (-np.ones((5, 2)), "Give sigma, not its logarithm"),
        (np.full((5, 2), np.nan), "NaN or infinity"),
    ],
)
def test_scales_that_are_none(tmp_path, scale, said):
    url = saved(tmp_path, "e.npy", np.zeros((5, 2)))
    assert said in refusal(url, NAMES, scale=saved(tmp_path, "s.npy", scale))


def test_files_that_are_no_arrays(tmp_path):
    (tmp_path / "e.npy").write_bytes(b"no array")
    assert "unreadable" in refusal(str(tmp_path / "e.npy"), NAMES)
    np.savez(tmp_path / "e.npz", a=np.zeros((5, 2)))
    (tmp_path / "e.npz").rename(tmp_path / "z.npy")
    assert "a .npz archive" in refusal(str(tmp_path / "z.npy"), NAMES)
    (tmp_path / "e.npy").write_bytes(b"")
    assert "unreadable" in refusal(str(tmp_path / "e.npy"), NAMES)
