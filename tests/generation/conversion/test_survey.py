"""Every fault is counted with its first row, before anything is made."""

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.errors import InputError
from alignet_ray.generation.conversion import released
from alignet_ray.generation.conversion.names import NameTable
from alignet_ray.generation.conversion.survey import survey_triplets

KEYS = ["cat/a.jpg", "cat/b.jpg", "dog/c.jpg", "dog/d.jpg", "dog/twin.jpg", "cat/twin.jpg"]
ROWS = 8
TWIN = ["a.jpg", "twin.jpg", "c.jpg"]


@pytest.fixture(autouse=True)
def _three_at_once(monkeypatch):
    monkeypatch.setattr(released, "ROWS_AT_ONCE", 3)


@pytest.fixture
def survey(write_npz):
    def run(names=(), similarities=(), max_rows=None, keys=KEYS, **save):
        """A sound file but for {row: value} of both arrays."""
        all_names = np.array([["a.jpg", "b.jpg", "c.jpg"]] * ROWS, "U20")
        all_similarities = np.array([[3, 2, 1]] * ROWS, np.float64)
        for row, value in dict(names).items():
            all_names[row] = value
        for row, value in dict(similarities).items():
            all_similarities[row] = value
        path = write_npz(filenames=all_names, similarities=all_similarities, **save)
        return survey_triplets(path, NameTable.of(pa.chunked_array([keys])), max_rows)

    return run


def refusal(found, *, skip_missing=False):
    with pytest.raises(InputError) as caught:
        found.refuse_faults("photos/", skip_missing=skip_missing)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_sound_file_names_its_images(survey):
    found = survey({2: ["a.jpg", "dog/twin.jpg", "b.jpg"]}, {3: [2, 2, 2], 4: [2, 1, 2]})
    found.refuse_faults("photos/", skip_missing=False)
    assert found.num_rows == ROWS
    assert np.flatnonzero(found.is_named).tolist() == [0, 1, 2, 4]


def test_the_digest_is_of_the_taken_rows_and_not_of_the_zip(survey, monkeypatch):
    plain = survey()
    monkeypatch.setattr(released, "ROWS_AT_ONCE", 5)
    assert survey(compressed=True).sha256 == plain.sha256
    assert survey(similarities={7: [5, 2, 1]}).sha256 != plain.sha256
    assert survey({7: ["a.jpg", "b.jpg", "d.jpg"]}).sha256 != plain.sha256
    first = survey(max_rows=5)
    assert first.sha256 != plain.sha256
    assert survey(similarities={7: [5, 2, 1]}, max_rows=5).sha256 == first.sha256


@pytest.mark.parametrize(
    ("names", "similarities", "said"),
    [
        ({}, {4: [np.nan, 1, 0], 6: [np.inf] * 3}, "finite in 2 of 8 rows, first in row 4"),
        ({}, {1: [1e39, 1, 0]}, "finite in 1 of 8 rows, first in row 1"),
        ({}, {5: [1, 2, 0], 7: [1, 0, 2]}, "s01 below s02 or s12 in 2 of 8 rows, first in row 5"),
        ({6: ["a.jpg", "b.jpg", "cat/a.jpg"]}, {}, "one image twice in 1 of 8 rows, .* row 6"),
        ({2: TWIN, 7: TWIN}, {}, r"2 of 8 .* several have, such as 'twin.jpg', \.\.\.;"),
        ({2: ["x.jpg", "a.jpg", "y.jpg"]}, {}, "1 of 8 .* not there, such as 'x.jpg', 'y.jpg';"),
        ({2: ["dog/a.jpg", "b.jpg", "c.jpg"]}, {}, "not there, such as 'dog/a.jpg'.*--skip-miss"),
    ],
)
def test_a_fault_is_counted_with_its_place(survey, names, similarities, said):
    with pytest.raises(InputError, match=said):
        survey(names, similarities).refuse_faults("photos/", skip_missing=False)


def test_names_that_no_image_has_may_be_skipped(survey):
    found = survey({0: ["x.jpg", "d.jpg", "a.jpg"]})
    assert "--skip-missing" in refusal(found)
    found.refuse_faults("photos/", skip_missing=True)
    assert not found.is_named[KEYS.index("dog/d.jpg")]


def test_nothing_left_is_refused_even_so(survey):
    found = survey({row: ["x.jpg", "y.jpg", "z.jpg"] for row in range(ROWS)})
    assert "no triplet with three images" in refusal(found, skip_missing=True)
