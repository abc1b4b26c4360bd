"""Levels files as they are released, written from the experiment's design by simulated people."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.functional.levels import KINDS, LEVELS, MISSED, exclusions, judged_triplets
from alignet_ray.records.level_trial import IMAGE_FIELDS, NO_IMAGE, wordnet_id
from alignet_ray.records.levels import read_levels
from alignet_ray.records.levels_tables import read_design

FOLDER = "stimuli/imagenet2012_human_eval_v2.1_category_stratified_triplets/"
COARSE = ("n01440764_1", "n02088364_2", "n03000684_3")
FINE = ("n02088364_2", "n02088364_9", "n02088364_7")
FIVE_WITH_THE_SAME_TRIPLETS = range(5, 10)
BORDER = ("n02088364_2", "n01440764_5", "n02088364_9")


def line(images=COARSE, odd=0, **changes):
    """One line as jsPsych and the released preprocessing write it."""
    paths = [f"{FOLDER}{name}.JPEG" for name in images]
    return {
        "rt": 2345.0, "trial_type": "html-keyboard-response", "subject_id": "participant_3",
        "start": "2024-04-11 08:29:43.258", "exp_trial_type": "exp_trial",
        **dict(zip(IMAGE_FIELDS, paths, strict=True)),
        "catch_trial_correct": None, "selected_image": NO_IMAGE if odd == MISSED else paths[odd],
        "file_identifier": "2024-04-11 11_00_10", **changes,
    }  # fmt: skip


def write(path: Path, lines):
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return str(path)


def test_a_file_is_read_as_it_is_released(tmp_path):
    lines = [
        {"rt": 5323.0, "trial_type": "external-html", "exp_trial_type": None},
        line(odd=2, triplet_class="between_class", catch_trial_correct=None),
        line(FINE, MISSED, rt=None),
        line(BORDER, 1, exp_trial_type="catch_trial", catch_trial_correct=True, rt=900),
        line(BORDER, 0, exp_trial_type="catch_trial", catch_trial_correct=0.0),
        line(COARSE, 1, exp_trial_type="training_trial", subject_id=None),
    ]
    read = read_levels(write(tmp_path / "one.json", lines))
    trials = read.trials
    assert read.participants == ("2024-04-11 11_00_10, participant_3",)
    assert (read.num_other_lines, read.num_without_subject) == (1, 1)
    assert [KINDS[kind] for kind in trials.kind] == ["exp_trial"] * 2 + ["catch_trial"] * 2
    assert [LEVELS[level] for level in trials.level] == ["coarse", "fine", *["class_boundary"] * 2]
    assert trials.odd_position.tolist() == [2, MISSED, 1, 0]
    assert trials.is_correct.tolist() == [False, False, True, False]
    assert trials.seconds[[0, 2]].tolist() == [2.345, 0.9]
    assert np.isnan(trials.seconds[1])
    assert [read.images[row] for row in trials.triplets[0]] == list(COARSE)
    assert wordnet_id(COARSE[0]) == "n01440764"
    assert wordnet_id("photo_1") is None


def test_a_participant_is_a_file_a_subject_and_a_session_where_none_is_named(tmp_path):
    for name in "ab":
        lines = [line(), line(start="later"), line(subject_id="participant_4")]
        write(tmp_path / f"{name}.jsonl", [{**one, "file_identifier": None} for one in lines])
    (tmp_path / "notes.txt").write_text("not read")
    read = read_levels(str(tmp_path))
    assert len(read.participants) == 6
    assert read.trial_sets.tolist() == [0, 0, 1, 0, 0, 1], "the subject is the set of trials"


def test_levels_can_be_told_where_names_are_no_wordnet_ids(tmp_path):
    names = ("a", "b", "c")
    read = read_levels(write(tmp_path / "x.jsonl", [line(names, triplet_class="class_border")]))
    assert LEVELS[read.trials.level[0]] == "class_boundary"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"selected_image": "x.JPEG"}, r"selected_image 'x.JPEG'; expected one of n01440764_1, .*"),
        ({"rt": -3}, "rt -3; expected a response time above 0 in milliseconds"),
        ({"rt": None}, "rt None; expected a response time"),
        ({"image2Path": None}, "a trial without its images; expected image1Path"),
        ({"image2Path": f"{FOLDER}{COARSE[0]}.JPEG"}, "an image twice"),
        ({"triplet_class": "far"}, "triplet_class 'far'; expected between_class"),
        ({"triplet_class": "within_class"}, "triplet_class 'within_class'; expected coarse"),
        ({"image1Path": "a.png", "selected_image": "a.png"}, "no triplet_class, and no WordNet"),
        ({"exp_trial_type": "catch_trial"}, "a catch trial whose right answer is not known"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, changes, said):
    path = write(tmp_path / "x.json", [line(), line(**changes)])
    with pytest.raises(InputError, match=said) as raised:
        read_levels(path)
    assert str(raised.value).startswith(f"{path}, line 2: ")


def test_a_catch_trial_that_is_said_to_be_right_and_is_not_is_refused(tmp_path):
    wrong = line(BORDER, 0, exp_trial_type="catch_trial", catch_trial_correct=True)
    with pytest.raises(InputError, match="the odd one to be n01440764_5"):
        read_levels(write(tmp_path / "x.json", [wrong]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]\n", "a list; expected one JSON object a line"),
        ("{broken\n", "no JSON"),
        ('{"rt": 1}\n', "no trials"),
        ("", "no trials"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, text, said):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read_levels(str(tmp_path))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no \.json or \.jsonl file"):
        read_levels(str(tmp_path))


def test_two_people_under_one_name_are_refused(tmp_path):
    path = write(tmp_path / "x.json", [line(), line(COARSE[::-1])])
    with pytest.raises(InputError, match="answers 1 triplets twice"):
        read_levels(path)


def test_one_triplet_under_two_levels_is_refused(tmp_path):
    told = line(("a", "b", "c"), triplet_class="within_class")
    other = line(("c", "a", "b"), triplet_class="between_class", file_identifier="another")
    write(tmp_path / "1.json", [line(), told])
    second = write(tmp_path / "2.json", [other])
    with pytest.raises(InputError) as raised:
        read_levels(str(tmp_path))
    assert str(raised.value) == (
        f"{second}, line 1: level coarse of the triplet a, b, c; expected fine, as in "
        f"{tmp_path / '1.json'}, line 2. Correct the triplet_class of one of the two."
    )
    again = {"exp_trial_type": "catch_trial", "catch_trial_correct": True, "triplet_class": None}
    write(tmp_path / "2.json", [{**other, **again}])
    assert len(read_levels(str(tmp_path)).trials.level) == 3, "a catch trial's level is not used"


@pytest.mark.real
def test_simulated_participants_of_the_real_design_are_read_back(real_data, tmp_path):
    design = real_data / "levels" / "design_first_20_participants.csv"
    images, triplets, levels = read_design(str(design))
    assert np.bincount(levels).tolist() == [2710, 2530, 1360]
    with design.open() as file:
        rows = list(csv.DictReader(file))
    random = np.random.default_rng(0)
    odd = random.integers(0, 3, len(rows))
    for who in FIVE_WITH_THE_SAME_TRIPLETS:
        name = f"participant_{who}"
        lines = [
            line(
                [row[f"image{i}"].rpartition("/")[2].removesuffix(".JPEG") for i in (1, 2, 3)],
                int(choice), subject_id=name, triplet_class=row["triplet_class"],
                file_identifier=f"session {who}",
            )
            for row, choice in zip(rows, odd, strict=True)
            if row["id"] == name
        ]  # fmt: skip
        write(tmp_path / f"{name}.json", lines)
    read = read_levels(str(tmp_path))
    assert set(read.images) < set(images)
    found = judged_triplets(read.trials, exclusions(read.trials, read.trial_sets))
    assert len(found.triplets) == 330
    assert (found.counts.sum(axis=1) == 5).all(), "each triplet is shown to five participants"
    assert (found.own_counts == found.counts).all(), "though five sets hold the same triplets"
    assert found.mean_log_seconds == pytest.approx(np.log(2.345))
    assert len(triplets) == 6600
