"""Tables of the Levels experiment: design and catch trials."""

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.level_trial import wordnet_id
from alignet_ray.records.levels_tables import read_catch_trials, read_design, read_design_levels


def test_a_design_has_triplets_and_levels(tmp_path):
    path = tmp_path / "design.csv"
    path.write_text(
        "id,image1,image2,image3,trial,triplet_class\n"
        "participant_0,x/n00000003_1.JPEG,x/n00000002_1.JPEG,x/n00000001_1.JPEG,0,between_class\n"
        "participant_0,x/n00000003_1.JPEG,x/n00000003_2.JPEG,x/n00000003_4.JPEG,1,within_class\n"
    )
    images, triplets, levels = read_design(str(path))
    assert images[:3] == ("n00000001_1", "n00000002_1", "n00000003_1")
    assert triplets.tolist() == [[2, 1, 0], [2, 3, 4]]
    assert levels == [0, 1]
    path.write_text(path.read_text().replace("within_class", "between_class"))
    with pytest.raises(InputError, match=r"row 2: triplet_class 'between_class'; expected fine"):
        read_design(str(path))


def test_a_design_names_one_level_of_each_triplet(tmp_path):
    path = tmp_path / "design.csv"
    header, rows = "image1,image2,image3,triplet_class\n", "a.png,b.png,c.png,fine\n"
    path.write_text(header + rows + "x/c.png,a.png,b.png,within_class\n")
    assert read_design_levels(str(path)) == {frozenset("abc"): 1}
    path.write_text(header + rows + "c.png,a.png,b.png,coarse\n")
    with pytest.raises(InputError, match="two levels of the triplet a, b, c"):
        read_design_levels(str(path))


def test_catch_trials_count_from_nought(tmp_path):
    header = "image1,image2,image3,odd_position\n"
    path = tmp_path / "catch.csv"
    path.write_text(header + "a_1.JPEG,b_1.JPEG,b_2.JPEG,0\n")
    assert read_catch_trials(str(path)).odd_position.tolist() == [0]
    path.write_text(header + "a_1.JPEG,b_1.JPEG,b_2.JPEG,3\n")
    with pytest.raises(InputError, match="odd_position '3' in row 1"):
        read_catch_trials(str(path))


@pytest.mark.real
def test_the_catch_trials_odd_one_is_the_one_of_another_class(real_data):
    catch = read_catch_trials(str(real_data / "levels" / "catch_trials.csv"))
    assert len(catch.triplets) == 22
    for triplet, odd in zip(catch.triplets, catch.odd_position, strict=True):
        classes = [wordnet_id(catch.names[row]) for row in triplet]
        assert classes.count(classes[odd]) == 1
