"""A forged shard of valid groups, all digests right up to the manifest, is found by its draw."""

import pytest

from alignet_ray.generation.verification.expected import expected_parts, expected_shard
from alignet_ray.records.parts import read_sidecar

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def pool_of(run, shard):
    rules = run.rules()
    return expected_parts(shard, rules.splits[0], rules)["clusters"]


def with_digests(run, sidecar, part):
    """Let a shard say that it was made from that part of both tables too."""
    for name, digests in sidecar["parts"].items():
        digests[f"{part:06d}"] = read_sidecar(run.root.folder(name), part)["sha256"]


def without_last(sidecar):
    for digests in sidecar["parts"].values():
        digests.pop(max(digests))


def swapped(run):
    run.forge_shard(1, lambda groups: [groups[1], groups[0], *groups[2:]])
    return "group 000001-00000: image"


def another(run):
    run.forge_shard(1, lambda _: run.groups(2))
    return "of the draw of its number"


def other_statistics(run):
    run.forge_sidecar(1, lambda sidecar: sidecar["statistics"].update(num_images=7))
    return "statistics: num_images 7"


def part_left_out(run):
    run.forge_sidecar(1, without_last)
    return "is not named"


def part_too_many(run):
    """The first part holds validation images alone, so that no pool of train has it."""
    assert 0 not in pool_of(run, 1)
    run.forge_sidecar(1, lambda sidecar: with_digests(run, sidecar, 0))
    return "part 000000 of images/ is named"


@pytest.mark.parametrize(
    "forge", [swapped, another, other_statistics, part_left_out, part_too_many]
)
def test_a_forged_shard_of_valid_groups_is_found(run, forge):
    said = forge(run)
    (problem,) = run.problems()
    assert str(problem.record) == "shard 1 of train"
    assert said in str(problem)
    assert len(str(problem).splitlines()) == 1


@pytest.mark.parametrize("forge", [part_left_out, part_too_many])
def test_quick_compares_the_parts_of_a_pool_too(run, forge):
    forge(run)
    assert [str(problem.record) for problem in run.problems(is_quick=True)] == ["shard 1 of train"]


def test_where_the_pool_is_broken_the_draw_is_not_checked_and_the_shard_not_blamed(run):
    rules, part = run.rules(), pool_of(run, 1)[0]
    rule = rules.splits[0]
    assert expected_shard(1, rule, rules, {"images": frozenset({part})}, "there") is not None
    assert expected_shard(1, rule, rules, {"clusters": frozenset({part})}, "there") is None
    swapped(run)
    run.flip(f"clusters/part-{part:06d}.parquet", 0.4)
    assert run.broken() == {f"part {part} of the clusters"}
