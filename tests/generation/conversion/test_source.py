"""The listing of a conversion is a function of the named images, their keys and the seed."""

import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.generation.borrowed import borrow
from alignet_ray.generation.conversion.source import named_listing
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import RunSettings, freeze_settings
from alignet_ray.records.store import Folder
from alignet_ray.stages.sources import list_folder

SETTINGS = {"part_rows": 4, "row_group_rows": 2, "stored": {}}


def all_of(listing):
    return np.ones(listing.num_rows, dtype=bool)


@pytest.mark.parametrize("seed", [0, 5])
def test_a_folder_of_named_images_alone_is_listed_as_generate_lists_it(photo_folder, seed):
    listing = list_folder(str(photo_folder(labels=("ä", "b", "Z"), images_per_label=5)), seed)
    assert named_listing(listing, [all_of(listing)], seed).equals(listing)


def test_images_that_nobody_names_change_nothing(photo_folder):
    small = list_folder(str(photo_folder(labels=("cat",), images_per_label=6)), 0)
    large = list_folder(str(photo_folder(labels=("cat", "dog"), images_per_label=6)), 0)
    named = np.array([key.startswith("cat/") for key in large.column("key").to_pylist()])
    halves = [named & (np.arange(len(named)) % 2 == half) for half in (0, 1)]
    assert named_listing(large, halves, 0).equals(named_listing(small, [all_of(small)], 0))


def test_a_finished_table_may_be_borrowed_also_at_second_hand(world, tmp_path):
    freeze_settings(world.root, RunSettings(images=SETTINGS, clusters={}, shards={}))
    between = Folder.at(str(tmp_path / "between"))
    freeze_settings(
        between,
        RunSettings(images=SETTINGS, clusters={}, shards={}, images_from=world.root.url),
    )
    for root in (world.root, between):
        lender = borrow(root.url)
        assert lender.root == world.root
        assert lender.layout == PartLayout(num_rows=12, part_rows=4, row_group_rows=2)
        assert lender.column("key").to_pylist() == world.keys
    world.root.delete("images/part-000001.json")
    with pytest.raises(InputError, match="1 of 3 parts of the image table are missing"):
        borrow(between.url)
