"""Validation figures against a slow, literal version that takes every triplet by itself."""

import itertools
import math
from contextlib import closing

import numpy as np
import pytest
import torch

from alignet_ray.records.manifest import read_manifest
from alignet_ray.records.shards import read_groups, read_sidecar, shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.training.data import Decoder
from alignet_ray.training.learner import make_learner
from alignet_ray.training.plan import make_plan
from alignet_ray.training.sources import Kind
from alignet_ray.training.validation import is_validation_due, validate
from alignet_ray.training.world import World

TEMPERATURE = 7.0


def softmax(values, temperature):
    weights = [math.exp((v - max(values)) / temperature) for v in values]
    return [w / sum(weights) for w in weights]


def literal_triplets(strategy, blocks):
    block_of = [b for b, size in enumerate(blocks) for _ in range(size)]
    for i, j, k in itertools.combinations(range(len(block_of)), 3):
        shared = len({block_of[i], block_of[j], block_of[k]})
        if strategy == "random" or (strategy == "within_cluster" and shared == 1):
            yield i, j, k
        elif strategy == "cluster_border" and shared == 2:
            pair, odd = ((i, j), k) if block_of[i] == block_of[j] else ((j, k), i)
            pair, odd = ((i, k), j) if block_of[i] == block_of[k] else (pair, odd)
            yield *pair, odd


def literal(root, learner, decoder, max_groups):
    """Sums of each figure over all triplets of the first groups, and their number."""
    manifest = read_manifest(Folder.at(root), "validation")
    kind = Kind(
        strategy=manifest.strategy, blocks=manifest.blocks,
        teacher_temperature=manifest.teacher_temperature,
    )  # fmt: skip
    folder = shard_folder(Folder.at(root), "validation")
    groups = [
        g
        for s in manifest.shards
        for g in read_groups(folder, read_sidecar(folder, s.shard), 0, s.samples)
    ]
    rows = []
    for group in groups[:max_groups]:
        (part,) = decoder.batch([(kind, group)])
        pixels = part.pixels[0]
        with torch.no_grad():
            z = learner.backbone(torch.from_numpy(pixels)).double().numpy()
        own, teacher = z @ z.T, group.similarities.astype(np.float64)
        for i, j, k in literal_triplets(manifest.strategy, manifest.blocks):
            mine, wanted = ([m[i, j], m[i, k], m[j, k]] for m in (own, teacher))
            p, q = softmax(wanted, manifest.teacher_temperature), softmax(mine, TEMPERATURE)
            choice = mine.index(max(mine))
            rows.append({
                "kl": sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)),
                "accuracy": float(choice == wanted.index(max(wanted))),
                "expected_agreement": p[choice],
                "expected_ceiling": max(p),
                "student_entropy": -sum(b * math.log(b) for b in q),
                "teacher_entropy": -sum(a * math.log(a) for a in p),
            })  # fmt: skip
    return rows


def means(rows):
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} | {
        "triplets": len(rows)
    }


@pytest.fixture
def three_runs(make_run):
    return (
        make_run(strategy="cluster_border", blocks=(2, 2, 2), validation=(2, 1)),
        make_run(strategy="random", blocks=(5,), validation=(2,)),
        make_run(strategy="within_cluster", blocks=(3, 3), validation=(2,)),
    )


def test_every_figure_is_the_mean_over_listed_triplets_by_strategy(make_config, three_runs):
    config = make_config(runs=three_runs)
    learner = make_learner(config, World(), torch.float64)
    with closing(Decoder(learner.before.preprocessing, 1)) as decoder:
        found = validate(
            make_plan(config), learner, decoder, World(),
            student_temperature=TEMPERATURE, max_images=3 * 12,
        )  # fmt: skip
        rows = [literal(root, learner, decoder, 2) for root in three_runs]
    expected = dict(
        zip(("cluster_border", "random", "within_cluster"), map(means, rows), strict=True)
    )
    assert list(found["by_strategy"]) == list(expected)
    for strategy, own in expected.items():
        assert found["by_strategy"][strategy] == pytest.approx(own, rel=1e-6), strategy
    everything = means([row for own in rows for row in own])
    assert {k: v for k, v in found.items() if k != "by_strategy"} == pytest.approx(everything)


def test_runs_of_one_strategy_are_one_row_and_no_split_is_none(make_config, make_run, run_root):
    config = make_config(runs=(run_root, make_run(validation=(1,))))
    learner = make_learner(config, World())
    options = {"student_temperature": 5.0, "max_images": 1000}
    with closing(Decoder(learner.before.preprocessing, 1)) as decoder:
        found = validate(make_plan(config), learner, decoder, World(), **options)
        assert found["by_strategy"] == {
            "cluster_border": {k: v for k, v in found.items() if k != "by_strategy"}
        }
        assert found["triplets"] == (4 + 1) * 12
        without = make_plan(make_config(runs=(make_run(validation=()),)))
        assert validate(without, learner, decoder, World(), **options) is None


@pytest.mark.parametrize(
    ("every", "num_steps", "expected"),
    [(None, 40, [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]), (None, 3, [1, 2, 3]), (7, 20, [7, 14, 20]),
     (100, 20, [20])],
)  # fmt: skip
def test_validation_comes_at_even_distances_and_after_the_last_step(every, num_steps, expected):
    due = [done for done in range(1, num_steps + 1) if is_validation_due(done, num_steps, every)]
    assert due == expected
