"""What the page shows stays small, and names stand where their rows are."""

import numpy as np

from alignet_ray.evaluation.hierarchy import shown
from alignet_ray.evaluation.hierarchy.changes import LabelChange
from alignet_ray.functional.hierarchy import relation_distances

NAMES = ["animal", "furniture", "vehicle"]


def test_a_map_has_its_names_in_its_own_order(represented, vectors, categories):
    models = [represented("s", v, own) for v, own in zip(("before", "after"), vectors, strict=True)]
    found = [relation_distances(own.read(), categories) for own in models]
    maps = shown.heat_maps(models, found, categories, NAMES)
    order = [NAMES.index(name) for name in maps["names"]]
    for own, drawn in zip(found, maps["maps"], strict=True):
        expected = np.round(own.by_superordinate[np.ix_(order, order)], 3)
        assert np.array_equal(np.array(drawn["distances"]), expected)
    assert maps["num_left_out"] == 0


def test_only_the_largest_categories_are_on_the_map(represented, monkeypatch):
    monkeypatch.setattr(shown, "MOST_ON_THE_MAP", 2)
    numbers = np.array([0, 1, 1, 2, 2, 2])
    categories = np.stack([np.arange(6), numbers, numbers], axis=1)
    own = represented("s", "before", np.random.default_rng(0).normal(size=(6, 3)))
    found = relation_distances(own.read(), categories)
    maps = shown.heat_maps([own, own], [found, "constant"], categories, NAMES)
    assert maps["names"] == ["furniture", "vehicle"]
    assert (maps["num_left_out"], len(maps["maps"])) == (1, 1)
    assert maps["maps"][0]["distances"][0][1] is not None
    nothing = shown.heat_maps([own], ["constant"], categories, NAMES)
    assert nothing["maps"] == []


def test_a_category_of_one_image_has_nothing_on_the_diagonal(represented):
    numbers = np.array([0, 1, 1, 1])
    categories = np.stack([np.arange(4), numbers, numbers], axis=1)
    own = represented("s", "before", np.random.default_rng(0).normal(size=(4, 3)))
    found = relation_distances(own.read(), categories)
    (drawn,) = shown.heat_maps([own], [found], categories, NAMES[:2])["maps"]
    assert drawn["distances"][0][0] is None
    assert drawn["distances"][1][1] is not None


def test_points_have_the_colour_of_their_category_and_one_scale(represented, monkeypatch):
    monkeypatch.setattr(shown, "MOST_COLOURED", 2)
    above = np.array([0, 1, 1, 2, 2, 2])
    categories = np.stack([above, above, above], axis=1)
    change = LabelChange(None, [np.array([0.5, 0.25, 0.25])], [np.array([[4.0, 1.0], [-2.0, 0.0]])])
    own = represented("s", "as it is", np.zeros((6, 3)))
    drawn = shown.planes([own], {"s": change}, categories, NAMES, np.array([0, 5]))
    assert drawn["names"] == ["vehicle", "furniture"]
    assert drawn["categories"] == [-1, 0]
    (plane,) = drawn["planes"]
    assert plane["points"] == [[1.0, 0.167], [-1.0, -0.167]]
    assert plane["explained"] == [0.5, 0.25]


def test_few_images_are_all_shown_and_many_drawn(monkeypatch):
    assert shown.shown_images(5, 0).tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setattr(shown, "MOST_POINTS", 4)
    drawn = shown.shown_images(100, 0)
    assert len(set(drawn.tolist())) == 4
    assert (np.diff(drawn) > 0).all()
    assert drawn.tolist() == shown.shown_images(100, 0).tolist()
    assert drawn.tolist() != shown.shown_images(100, 1).tolist()
