"""What people said is read from every source that the settings can name, and bad input is told.

The table below is read as a job reads it: each malformed file gives one line with the value, the
place and a remedy, and nothing is fitted.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.errors import AlignetError, ConfigError, InputError, StorageError
from alignet_ray.records.human import HumanChoices, HumanProbabilities
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.teaching.human_data import read_human_data
from alignet_ray.teaching.objects import find_objects

NAMES = ("ant", "bee", "cup", "dog", "elk", "fox", "gnu")
IDS_HEADER = "object1,object2,object3"


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def parquet(**columns):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


GOOD = {
    "names.txt": "\n".join(NAMES),
    "own.txt": "\n".join(reversed(NAMES)),
    "choices.txt": "0 1 2\n3 4 5\n",
    "choices.csv": f"{IDS_HEADER},odd\nant,bee,cup,cup\nelk,dog,fox,dog\n",
    "probabilities.csv": f"{IDS_HEADER},p01,p02,p12\n"
    "ant,bee,cup,0.5,0.25,0.25\nant,bee,dog,0.5,0.25,0.25\n",
    "mean.npy": npy(np.arange(14.0).reshape(7, 2)),
    "scale.npy": npy(np.ones((7, 2))),
    "responses.tsv": "1\t2\t3\t1\t9\n",
    "responses.csv": f"{IDS_HEADER},odd\nant,bee,dog,dog\n",
    "more.csv": f"{IDS_HEADER},odd\nant,bee,gnu,gnu\n",
    "vectors.npz": npz(names=np.array(NAMES), embeddings=np.eye(7)),
    "vectors.npy": npy(np.eye(7)),
}


def settings(folder, *, changed=None, **flags):
    """The good files, some of them replaced, and the flags with the files' places."""
    for name, content in {**GOOD, **(changed or {})}.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    places = {
        key: value if key.endswith("layout") else str(folder / value)
        for key, value in flags.items()
    }
    if not {"images", "embeddings"} & set(places):
        places["embeddings"] = str(folder / "vectors.npz")
    return FitTeacherConfig(output="o", **places)


def read_all(config):
    human = read_human_data(config)
    return human, find_objects(config, human.names)


@pytest.mark.parametrize(
    ("flags", "kind", "names"),
    [
        ({"choices": "choices.txt", "names": "names.txt"}, HumanChoices, NAMES),
        ({"choices": "choices.csv"}, HumanChoices, ("ant", "bee", "cup", "dog", "elk", "fox")),
        ({"choices": "choices.csv", "names": "own.txt"}, HumanChoices, NAMES[::-1]),
        ({"probabilities": "probabilities.csv"}, HumanProbabilities, ("ant", "bee", "cup", "dog")),
        ({"human_embedding": "mean.npy", "names": "names.txt"}, HumanEmbedding, NAMES),
        (
            {"human_embedding": "mean.npy", "human_scale": "scale.npy",
             "human_embedding_names": "own.txt"},
            HumanEmbedding, NAMES[::-1],
        ),
    ],
)  # fmt: skip
def test_every_source(tmp_path, flags, kind, names):
    has_ids = "names" not in flags and kind is not HumanEmbedding
    responses = "responses.csv" if has_ids else "responses.tsv"
    human, objects = read_all(settings(tmp_path, responses=responses, **flags))
    assert isinstance(human.source, kind)
    assert human.names == names
    assert human.responses is not None
    assert objects.missing == ()


@pytest.mark.parametrize(
    "flags", [{"choices": "choices.csv"}, {"probabilities": "probabilities.csv"}]
)
def test_without_names_the_objects_are_also_those_that_responses_alone_show(tmp_path, flags):
    human, objects = read_all(settings(tmp_path, responses="more.csv", **flags))
    assert set(human.names) == {*human.source.names, "gnu"}
    assert list(human.names) == sorted(human.names)
    assert not objects.missing
    assert human.num_left_out == 0
    assert len(human.responses.rows_among(human.names)[0]) == 1


def test_an_embedding_s_own_names_order_its_rows_and_the_names_number_the_responses(tmp_path):
    human, _ = read_all(
        settings(tmp_path, names="names.txt", human_embedding="mean.npy",
                 human_embedding_names="own.txt", responses="responses.tsv")
    )  # fmt: skip
    assert isinstance(human.source, HumanEmbedding)
    assert human.source.names == NAMES[::-1]
    assert human.responses is not None
    assert human.responses.names == NAMES


CHOICES = {"choices": "choices.txt", "names": "names.txt"}
TABLE = {"choices": "choices.csv"}
MEAN = {"human_embedding": "mean.npy", "names": "names.txt"}
SCALE = {**MEAN, "human_scale": "scale.npy"}
OWN = {**MEAN, "human_embedding_names": "own.txt"}
LAW = {"probabilities": "probabilities.csv"}
READY = {**CHOICES, "embeddings": "vectors.npz"}
ROWS = {**CHOICES, "embeddings": "vectors.npy"}

BAD = [
    # flags, the file that is replaced, its content, the value that is told
    (CHOICES, "names.txt", "", "0 names"),
    (CHOICES, "names.txt", "ant\n", "1 names"),
    (CHOICES, "names.txt", "ant\nbee\nant\n", "'ant' on lines 1, 3"),
    (CHOICES, "names.txt", "ant\n\nbee\n", "empty line 2"),
    (CHOICES, "names.txt", b"\xff\xfe", "not UTF-8"),
    (CHOICES, "choices.txt", "", "no rows"),
    (CHOICES, "choices.txt", "0 1 2\n1 2 7\n", "(7) on line 2"),
    (CHOICES, "choices.txt", "0 1 2\n1 2 -7\n", "(-7) on line 2"),
    (CHOICES, "choices.txt", "0 1 2\n1 2 2\n", "an object twice on line 2"),
    (CHOICES, "choices.txt", "0 1 2\n1 2\n", "line 2: '1 2'"),
    (CHOICES, "choices.txt", "0 1\n", "2 columns"),
    (CHOICES, "choices.txt", "0 1 2\n0 1 2.5\n", "line 2: '0 1 2.5'"),
    (CHOICES, "choices.txt", "0 1 2\n0 1 NaN\n", "line 2: '0 1 NaN'"),
    (CHOICES, "choices.txt", "0 1 2\n0 one 2\n", "line 2: '0 one 2'"),
    (CHOICES, "choices.txt", b"\x89PNG\r\n\x1a\n", "columns on its first line"),
    (CHOICES, "choices.txt", "1 2 3 5 9\n", "a choice of 5 on line 1"),
    (CHOICES, "responses.tsv", "1 2 8 1 9\n", "(8) on line 1"),
    (CHOICES, "responses.tsv", "1 2 3 0 9\n", "a choice of 0 on line 1"),
    (TABLE, "choices.csv", f"{IDS_HEADER},odd\n", "no rows"),
    (TABLE, "choices.csv", f"{IDS_HEADER}\nant,bee,cup\n", "no column odd"),
    (TABLE, "choices.csv", f"{IDS_HEADER},odd\nant,bee,cup,dog\n", "odd one outside its triplet"),
    (TABLE, "choices.csv", f"{IDS_HEADER},odd\nant,bee,ant,bee\n", "an object twice in row 1"),
    (TABLE, "choices.csv", f"{IDS_HEADER},odd\nant,,cup,cup\n", "no object id in row 1"),
    (TABLE, "choices.csv", f"{IDS_HEADER},odd\nant,bee,cup\n", "unreadable"),
    ({**TABLE, "names": "names.txt"}, "choices.csv",
     f"{IDS_HEADER},odd\nant,bee,cup,cup\nant,owl,cup,cup\n", "('owl') in row 2"),
    (LAW, "probabilities.csv", f"{IDS_HEADER},p01,p02,p12\nant,bee,cup,1,1,1\n", "not sum to 1"),
    (LAW, "probabilities.csv", f"{IDS_HEADER},p01,p02,p12\nant,bee,cup,2,-1,0\n", "out of range"),
    (LAW, "probabilities.csv", f"{IDS_HEADER},p01,p02,p12\nant,bee,cup,nan,1,0\n", "out of range"),
    (LAW, "probabilities.csv", f"{IDS_HEADER},p01,p02,p12\nant,bee,cup,x,1,0\n", "not a number"),
    (MEAN, "mean.npy", b"", "unreadable"),
    (MEAN, "mean.npy", npy(np.zeros((6, 2))), "shape (6, 2)"),
    (MEAN, "mean.npy", npy(np.zeros(7)), "shape (7,)"),
    (MEAN, "mean.npy", npy(np.full((7, 2), np.nan)), "NaN or infinity in rows 1, 2"),
    (MEAN, "mean.npy", npy(np.array([[{}]] * 7)), "Object arrays"),
    (SCALE, "scale.npy", npy(np.zeros((7, 2))), "0 or less in rows 1, 2"),
    (SCALE, "scale.npy", npy(np.ones((7, 3))), "shape (7, 3)"),
    (SCALE, "scale.npy", npy(np.full((7, 2), np.inf)), "infinity"),
    (OWN, "own.txt", "\n".join((*NAMES[:6], "owl")), "lacks on row 7: 'owl'"),
    (OWN, "own.txt", "\n".join(NAMES[:6]), "no row for line 7 of --names: 'gnu'"),
    (READY, "vectors.npz", b"", "unreadable"),
    (READY, "vectors.npz", npz(embeddings=np.eye(7)), "names is not a file"),
    (READY, "vectors.npz", npz(names=np.array(NAMES), embeddings=np.eye(6)), "shape (6, 6)"),
    (READY, "vectors.npz", npz(names=np.array(list("tuvwxyz")), embeddings=np.eye(7)),
     "no embedding of the 7 objects"),
    (READY, "vectors.npz", npz(names=np.array(NAMES), embeddings=np.full((7, 2), np.nan)),
     "'ant', 'bee'"),
    (ROWS, "vectors.npy", npy(np.eye(3)), "shape (3, 3)"),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "name", "content", "value"), BAD)
def test_bad_input_is_one_line_with_value_place_and_remedy(tmp_path, flags, name, content, value):
    config = settings(tmp_path, changed={name: content}, responses="responses.tsv", **flags)
    with pytest.raises(InputError) as caught:
        read_all(config)
    line = str(caught.value)
    assert "\n" not in line
    assert value in line
    assert name in caught.value.place
    assert caught.value.expectation
    assert caught.value.remedy


def test_numbers_without_names_and_a_file_that_is_not_there(tmp_path):
    for flags, error, said in (
        ({"choices": "choices.txt"}, ConfigError, "--names: none given, but"),
        ({"choices": "choices.csv", "responses": "responses.tsv"}, ConfigError, "--names: none"),
        ({"human_embedding": "mean.npy"}, ConfigError, "--names: none given, but"),
        ({**CHOICES, "responses": "none.tsv"}, StorageError, "not found"),
    ):
        with pytest.raises(AlignetError) as caught:
            read_all(settings(tmp_path, **flags))
        assert isinstance(caught.value, error)
        assert said in str(caught.value)
        assert caught.value.remedy
