"""A piece is its shard's triplets, the odd one last; fewer of each group are drawn by the seed."""

import numpy as np
import pytest

from alignet_ray.errors import RecordError
from alignet_ray.functional.groups import triplet_positions
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.conversion.pieces import (
    PieceRequest,
    named,
    read_names,
    read_piece,
    write_piece,
)
from alignet_ray.records.manifest import manifest_shard
from alignet_ray.records.shards import Group, shard_folder, write_shard
from alignet_ray.records.store import Folder

BLOCKS = (2, 2, 2)
NUM_GROUPS, INSIDE = 5, 12


def make_groups(num_groups=NUM_GROUPS, seed=0):
    random = np.random.default_rng(seed)
    groups = []
    for _ in range(num_groups):
        half = random.integers(-3, 4, size=(6, 6)).astype(np.float32)
        ids = random.permutation(40)[:6].tolist()
        groups.append(
            Group(
                images=tuple(random.bytes(9) for _ in range(6)),
                extensions=("jpg",) * 6,
                similarities=half + half.T,
                image_ids=tuple(ids),
                keys=tuple(f"folder/{i}.jpg" for i in ids),
                cluster_ids=(0, 0, 1, 1, 2, 2),
                labels=(None,) * 6,
                strategy="cluster_border",
                blocks=BLOCKS,
            )
        )
    return groups


@pytest.fixture
def make_piece(tmp_path):
    root = Folder.at(str(tmp_path / "run"))

    def make(groups=None, shard=3, **changes):
        folder = shard_folder(root, "train")
        record = write_shard(
            folder, groups or make_groups(), shard=shard, split="train", settings_digest="d",
            parts={}, statistics={},
        )  # fmt: skip
        plain = {
            "root": root, "split": "train", "strategy": "cluster_border", "blocks": BLOCKS,
            "most": None, "seed": 0, "has_base_names": True, "work": Folder.at(f"{root.url}.work"),
        }  # fmt: skip
        request = PieceRequest(**{**plain, **changes})
        count = write_piece(manifest_shard(folder, record), request)
        pieces = list(read_piece(request.work, shard, count))
        ids = np.concatenate([piece[0] for piece in pieces])
        return ids, np.concatenate([piece[1] for piece in pieces]), request.work

    return make


def test_all_triplets_of_all_groups_with_their_similarities(make_piece):
    groups = make_groups()
    ids, similarities, _ = make_piece(groups)
    expected = []
    for group in groups:
        gram = group.similarities
        for triplet in triplet_positions("cluster_border", BLOCKS).tolist():
            pairs = sorted(
                (float(gram[triplet[i], triplet[j]]), -p) for p, (i, j) in enumerate(PAIR_ORDER)
            )
            odd = 2 - -pairs[-1][1]
            expected.append((frozenset(group.image_ids[t] for t in triplet),
                             group.image_ids[triplet[odd]], pairs[-1][0]))  # fmt: skip
    found = [
        (frozenset(row), row[2], float(pairs[0]))
        for row, pairs in zip(ids.tolist(), similarities, strict=True)
    ]
    assert found == expected


def test_drawn_ones_are_a_golden_subset_of_each_group(make_piece):
    everything, _, _ = make_piece()
    ids, _, _ = make_piece(most=4)
    stream = RandomStream(0, "convert", "train", 3)
    places = [
        group * INSIDE + np.sort(stream.permutation(INSIDE)[:4]) for group in range(NUM_GROUPS)
    ]
    assert np.array_equal(ids, everything[np.concatenate(places)])
    assert np.concatenate(places).tolist()[:8] == [0, 1, 3, 11, 12, 19, 21, 23]
    assert not np.array_equal(ids, make_piece(most=4, seed=1)[0])
    assert np.array_equal(make_piece(most=INSIDE)[0], everything)


@pytest.mark.parametrize(("has_base_names", "name"), [(True, "{}.jpg"), (False, "folder/{}.jpg")])
def test_names_are_those_of_the_shown_images_only(make_piece, has_base_names, name):
    ids, _, work = make_piece(most=1, has_base_names=has_base_names)
    image_ids, names = read_names(work, 3)
    assert image_ids.tolist() == np.unique(ids).tolist()
    fixed = np.array(names.to_pylist())
    found = named(ids, image_ids, fixed)
    assert found.tolist() == [[name.format(i) for i in row] for row in ids.tolist()]


def test_what_the_manifest_does_not_promise_is_refused(make_piece):
    with pytest.raises(RecordError, match=r"000003\.tar: a group of blocks \[2, 2, 2\]"):
        make_piece(blocks=(3, 3))
    (group,) = make_groups(1)
    group.similarities[0, 1] = np.nan
    with pytest.raises(RecordError, match="not finite"):
        make_piece([group])
