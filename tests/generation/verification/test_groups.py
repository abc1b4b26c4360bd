"""A shard whose digests are all right is still found where its groups are not the tables'."""

import dataclasses

import numpy as np
import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def changed(group, **fields):
    return dataclasses.replace(group, **fields)


def exchanged(values, left, right):
    """The values with two of them exchanged."""
    found = list(values)
    found[left], found[right] = found[right], found[left]
    return tuple(found)


def permuted(group, left, right):
    """The group with two images exchanged in everything that it says."""
    order = exchanged(range(len(group.images)), left, right)
    names = ("images", "extensions", "image_ids", "keys", "cluster_ids", "labels")
    fields = {name: tuple(getattr(group, name)[i] for i in order) for name in names}
    return changed(group, similarities=group.similarities[np.ix_(order, order)], **fields)


def nudged(group, *, both):
    """One similarity, or the pair of it, farther from zero by one step of float32."""
    matrix = group.similarities.copy()
    matrix[0, 1] = np.nextafter(matrix[0, 1], np.float32(np.inf))
    matrix[1, 0] = matrix[0, 1] if both else matrix[1, 0]
    return changed(group, similarities=matrix)


def with_value(group, value):
    matrix = group.similarities.copy()
    matrix[0, 0] = value
    return changed(group, similarities=matrix)


def with_first(group, name, value):
    return changed(group, **{name: (value, *getattr(group, name)[1:])})


FORGERIES = {
    "dot product": lambda g: nudged(g, both=True),
    "not symmetric": lambda g: nudged(g, both=False),
    "not finite": lambda g: with_value(g, np.nan),
    "a similarity is not finite": lambda g: with_value(g, np.inf),
    "block 0 does not share one": lambda g: permuted(g, 1, 2),
    "key and label": lambda g: with_first(g, "keys", "class0/elsewhere.jpg"),
    "has key and label": lambda g: with_first(g, "labels", "class9"),
    "has cluster": lambda g: with_first(g, "cluster_ids", (g.cluster_ids[0] + 1) % 5),
    "without a cluster": lambda g: with_first(g, "cluster_ids", -1),
    "other bytes": lambda g: changed(g, images=exchanged(g.images, 0, 1)),
    "has other bytes": lambda g: with_first(g, "extensions", "png"),
    "an image twice": lambda g: with_first(g, "image_ids", g.image_ids[1]),
    "of train": lambda g: with_first(g, "image_ids", 3),
    "3 images, but": lambda g: changed(
        g, images=g.images[:3], extensions=g.extensions[:3], similarities=g.similarities[:3, :3]
    ),
    "blocks": lambda g: changed(g, blocks=(1, 3)),
    "strategy": lambda g: changed(g, strategy="random"),
}


@pytest.mark.parametrize("said", FORGERIES)
def test_a_forged_group_is_found(run, said):
    run.forge_shard(1, lambda groups: [*groups[:2], FORGERIES[said](groups[2]), groups[3]])
    (problem,) = run.problems()
    assert str(problem.record) == "shard 1 of train"
    assert said in str(problem)
    assert "000001-00002" in str(problem)
    assert len(str(problem).splitlines()) == 1


def test_the_same_groups_written_again_are_sound(run):
    run.forge_shard(1, list)
    assert run.problems() == []


def test_too_few_groups_are_found(run):
    run.forge_shard(1, lambda groups: groups[:3])
    (problem,) = run.problems()
    assert "number of groups 3; expected 4" in str(problem)


def test_groups_of_a_broken_part_are_checked_as_far_as_can_be(run):
    """The image bytes cannot be compared, so they are decoded; the rest of the group still is."""
    run.flip("images/part-000002.parquet", 0.4)
    run.forge_shard(1, lambda groups: [nudged(group, both=True) for group in groups])
    assert run.broken() == {"part 2 of the image table", "shard 1 of train"}
    run.forge_shard(2, lambda groups: [changed(g, images=(b"?",) * 4) for g in groups])
    assert "shard 2 of train" in run.broken()
