"""Levels and classes of a hierarchy, against walking every path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.class_tree import class_tree

EDGES = [
    ("root", "animal"), ("root", "thing"), ("animal", "dog"), ("dog", "pug"), ("animal", "pug"),
    ("thing", "sofa"), ("thing", "empty"), ("other", "lost"), ("animal", "crane"),
    ("thing", "crane"), ("dog", "beagle"),
]  # fmt: skip
CLASSES = ["pug", "beagle", "sofa", "crane", "lost", "nowhere"]


def test_only_what_leads_from_the_root_to_a_class_is_in_the_tree():
    tree = class_tree(EDGES, CLASSES, "root")
    assert tree.classes == ("pug", "beagle", "sofa", "crane")
    assert tree.outside == ("lost", "nowhere")
    assert "empty" not in tree.levels
    assert tree.levels["pug"] == 3, "the longest way, by dog"
    assert tree.children["animal"] == ("crane", "dog", "pug")


def test_classes_and_nodes_below():
    tree = class_tree(EDGES, CLASSES, "root")
    assert tree.classes_below("dog") == ("beagle", "pug")
    assert tree.classes_below("pug") == ("pug",)
    assert tree.classes_below("root") == ("beagle", "crane", "pug", "sofa")
    assert tree.nodes_at(2) == ("crane", "dog", "sofa")
    assert tree.nodes_at(2, "animal") == ("crane", "dog")
    assert tree.nodes_at(1, "animal") == ("animal",)


def test_ancestors_at_a_level():
    tree = class_tree(EDGES, CLASSES, "root")
    assert tree.ancestor_at("pug", 1) == "animal"
    assert tree.ancestor_at("crane", 1) == "animal", "the first by name"
    assert tree.ancestor_at("sofa", 2) == "sofa"
    assert tree.ancestor_at("sofa", 3) is None


def test_what_is_no_tree_is_refused():
    with pytest.raises(ValueError, match="a circle through"):
        class_tree([("root", "a"), ("a", "b"), ("b", "a")], ["b"], "root")
    with pytest.raises(ValueError, match="no class is below the root"):
        class_tree([("a", "b")], ["b"], "root")


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20))
def test_the_level_is_the_longest_path(pairs):
    edges = [(f"n{min(p)}", f"n{max(p)}") for p in pairs if p[0] != p[1]] + [("n0", "n8")]
    tree = class_tree(edges, ["n8"], "n0")
    leads = {"n8"} | {p for p, _ in edges}

    def longest(node):
        if node == "n0":
            return 0
        ways = [longest(p) for p, c in set(edges) if c == node]
        return max([way + 1 for way in ways if way is not None], default=None)

    for node, level in tree.levels.items():
        assert level == longest(node)
        assert node in leads
