"""Ready embeddings are matched by id from every format, and what is missing is known."""

import io
import tracemalloc
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.object_vectors import read_object_vectors
from alignet_ray.records.parquet import vectors_to_column

NAMES = ("ant", "bee", "cup", "dog")
IDS = ("cup", "unrelated", "ant", "dog")
MATRIX = np.arange(12, dtype=np.float32).reshape(4, 3)


def put(folder, name, content):
    path = folder / f"{len(list(folder.iterdir()))}_{name}"
    path.write_bytes(content)
    return str(path)


def npz(folder, **arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return put(folder, "e.npz", stream.getvalue())


def parquet(folder, **columns):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return put(folder, "e.parquet", stream.getvalue())


def npy(folder, matrix):
    stream = io.BytesIO()
    np.save(stream, matrix)
    return put(folder, "e.npy", stream.getvalue())


def lines(folder, names):
    return put(folder, "own.txt", "\n".join(names).encode())


def refusal(*arguments):
    with pytest.raises(InputError) as caught:
        read_object_vectors(*arguments)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def test_all_formats_give_the_same_objects_in_the_order_of_the_names(tmp_path):
    reads = [
        read_object_vectors(npz(tmp_path, names=np.array(IDS), embeddings=MATRIX), NAMES),
        read_object_vectors(
            npz(tmp_path, names=np.array(IDS), embeddings=MATRIX.astype(int)), NAMES
        ),
        read_object_vectors(
            parquet(tmp_path, key=list(IDS), embedding=vectors_to_column(MATRIX)), NAMES
        ),
        read_object_vectors(
            parquet(tmp_path, key=list(IDS), embedding=MATRIX.tolist(), other=[None] * 4), NAMES
        ),
        read_object_vectors(npy(tmp_path, MATRIX), NAMES, lines(tmp_path, IDS)),
    ]
    for read in reads:
        assert read.object_ids == ("ant", "cup", "dog")
        assert read.vectors.dtype == np.float32
        assert read.vectors.tolist() == MATRIX[[2, 0, 3]].tolist()
        assert read.missing == ("bee",)


def test_rows_of_npy_are_the_names_where_it_has_none_of_its_own(tmp_path):
    read = read_object_vectors(npy(tmp_path, MATRIX), NAMES)
    assert (read.object_ids, read.missing) == (NAMES, ())


def test_a_null_embedding_is_missing_and_not_finite_numbers_name_the_object(tmp_path):
    vectors = [[1.0, 2.0], None, [3.0, 4.0]]
    read = read_object_vectors(
        parquet(tmp_path, key=["ant", "bee", "cup"], embedding=vectors), NAMES
    )
    assert (read.object_ids, read.missing) == (("ant", "cup"), ("bee", "dog"))
    assert read.vectors.tolist() == [[1, 2], [3, 4]]
    for wrong in (None, float("nan"), float("inf"), 1e39):
        url = parquet(tmp_path, key=["x", "bee", "cup"], embedding=[None, [1.0, 2.0], [wrong, 0.0]])
        assert "NaN or infinity in row 3: 'cup'" in refusal(url, NAMES)


def test_what_is_wrong_with_an_object_nobody_asked_for_does_not_matter(tmp_path):
    matrix = np.where(np.array(IDS)[:, None] == "unrelated", np.nan, MATRIX)
    url = npz(tmp_path, names=np.array(IDS), embeddings=matrix)
    assert len(read_object_vectors(url, NAMES).object_ids) == 3


def test_files_that_cannot_be_used(tmp_path):
    names = np.array(IDS)
    pickled = np.array(IDS, dtype=object)
    for url, said in (
        (npz(tmp_path, names=names), "embeddings is not a file in the archive"),
        (npz(tmp_path, embeddings=MATRIX), "names is not a file in the archive"),
        (npz(tmp_path, names=pickled, embeddings=MATRIX), "Object arrays cannot be loaded"),
        (npz(tmp_path, names=np.arange(4), embeddings=MATRIX), "names of type int64"),
        (npz(tmp_path, names=names[:3], embeddings=MATRIX), "shape (4, 3)"),
        (npz(tmp_path, names=names, embeddings=MATRIX[0]), "shape (3,)"),
        (npz(tmp_path, names=names, embeddings=MATRIX.astype(str)), "of type <U"),
        (npz(tmp_path, names=np.array(["x"] * 4), embeddings=MATRIX), "'x' on rows 1, 2, 3, 4"),
        (npz(tmp_path, names=np.array(list("wxyz")), embeddings=MATRIX), "no embedding of the 4"),
        (put(tmp_path, "b.npz", b"no archive"), "unreadable"),
        (put(tmp_path, "b.npz", MATRIX.tobytes()), "unreadable"),
        (parquet(tmp_path, id=["a"]), "no column key, embedding"),
        (parquet(tmp_path, key=["a"], embedding=["x"]), "unreadable"),
        (parquet(tmp_path, key=["a", "b"], embedding=[[1.0], [1.0, 2.0]]), "2 numbers in row 2"),
        (
            parquet(tmp_path, key=["a"], embedding=pa.array([[]], pa.list_(pa.float32()))),
            "0 numbers in row 1",
        ),
        (
            parquet(tmp_path, key=["a"], embedding=pa.array([None], pa.list_(pa.float32()))),
            "no rows with an embedding",
        ),
        (put(tmp_path, "b.parquet", b"no table"), "unreadable"),
        (npy(tmp_path, MATRIX[:3]), "shape (3, 3); expected a matrix of 4 rows"),
        (npy(tmp_path, MATRIX[0]), "shape (3,)"),
        (put(tmp_path, "b.npy", b"no array"), "unreadable"),
        (put(tmp_path, "e.pt", b""), "suffix 'pt'"),
    ):
        assert said in refusal(url, NAMES), said


def test_names_for_a_file_that_has_its_own(tmp_path):
    url = npz(tmp_path, names=np.array(IDS), embeddings=MATRIX)
    with pytest.raises(ConfigError, match="--embeddings-names: given, but"):
        read_object_vectors(url, NAMES, lines(tmp_path, IDS))


def test_an_archive_that_promises_too_much_is_refused_unread(tmp_path):
    stream, names, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (3, 10**12)}
    np.lib.format.write_array_header_1_0(stream, header)
    np.save(names, np.array(["a", "b", "c"]))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("names.npy", names.getvalue())
        archive.writestr("embeddings.npy", stream.getvalue())
    url = put(tmp_path, "e.npz", packed.getvalue())
    tracemalloc.start()
    with pytest.raises(InputError, match=r"e.npz: .*bytes of numbers instead of"):
        read_object_vectors(url, ["a", "b", "c"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
