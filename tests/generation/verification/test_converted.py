"""Runs as convert writes them: sound ones are accepted, every broken or forged record is named."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from alignet_ray.config.convert import TableConfig
from alignet_ray.config.generate import StoredConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.verify import VerifyConfig
from alignet_ray.generation.conversion.job import convert_triplets
from alignet_ray.generation.verification.job import verify
from alignet_ray.generation.verification.summary import summary_lines
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import part_name, read_sidecar, write_part
from alignet_ray.records.run import read_settings
from alignet_ray.records.store import Folder

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_cluster")]

RECORDS = {
    "config.yaml": "config.yaml",
    "images/listing/listing.json": "the listing",
    "images/part-000001.json": "part 1 of the image table",
    "images/part-000001.parquet": "part 1 of the image table",
    "triplets/places/part-000002.json": "part 2 of the images' places",
    "triplets/places/part-000002.parquet": "part 2 of the images' places",
    "triplets/train/part-000000.json": "part 0 of the triplets of train",
    "triplets/train/part-000000.parquet": "part 0 of the triplets of train",
    "triplets/train/triplets.json": "the index of the triplets of train",
    "triplets/validation/triplets.json": "the index of the triplets of validation",
    "shards/train/000002.json": "shard 2 of train",
    "shards/train/000002.tar": "shard 2 of train",
}
INDEX = "triplets/train/triplets.json"


def verified(path, **flags):
    return verify(VerifyConfig(run=str(path), resources=Resources(progress=False), **flags))


def exchanged(groups):
    return [groups[1], groups[0], *groups[2:]]


def nudged(groups):
    """One similarity more, on both sides of the diagonal."""
    matrix = groups[3].similarities.copy()
    matrix[0, 1] = matrix[1, 0] = np.nextafter(matrix[0, 1], np.float32(9))
    return [*groups[:3], dataclasses.replace(groups[3], similarities=matrix), *groups[4:]]


def test_a_sound_run_is_accepted_and_its_last_shard_is_shorter(converted):
    assert read_settings(converted.root).images["backbone"] is None
    report = verified(converted.path)
    assert report.problems == report.orphans == ()
    assert report.not_checked == ("the released triplets themselves: their file is not here",)
    train, validation = report.checked.splits
    assert train.num_groups < 50
    assert train.num_draws == 3 * train.num_groups
    assert train.num_groups % 10 != 0
    assert (validation.num_shards, report.num_groups) == (1, None)
    assert report.checked.num_rejects == 2
    assert converted.problems(is_quick=True) == []


@pytest.mark.parametrize("share", [0.0, 0.47, 0.999])
@pytest.mark.parametrize("name", RECORDS)
def test_a_flipped_bit_is_found_in_its_record(converted, name, share):
    converted.flip(name, share)
    assert converted.broken() == {RECORDS[name]}


@pytest.mark.parametrize("at", range(0, 260, 19))
def test_a_flipped_bit_of_an_index_of_triplets_is_found(converted, at):
    converted.flip(INDEX, at / (converted.path / INDEX).stat().st_size)
    assert converted.broken() == {RECORDS[INDEX]}


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("name", [n for n in RECORDS if n not in {"config.yaml"}])
def test_a_missing_record_is_found(converted, name, is_quick):
    (converted.path / name).unlink()
    if name.startswith("shards/"):
        (converted.path / name).with_suffix(".tar").unlink(missing_ok=True)
    found = {str(problem.record) for problem in converted.problems(is_quick=is_quick)}
    assert found == {RECORDS[name]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (exchanged, "of row of triplets/train with its number"),
        (nudged, "group 000001-00003: similarity (0, 1)"),
        (lambda groups: groups[:-1], "number of groups 9; expected 10"),
    ],
)
def test_a_forged_shard_is_found(converted, change, said):
    converted.forge_shard(1, change)
    (problem,) = converted.problems()
    assert str(problem.record) == "shard 1 of train"
    assert said in str(problem)


@pytest.mark.parametrize("name", ["images", "triplets/train"])
def test_a_part_that_a_shard_leaves_out_is_found(converted, name):
    converted.forge_sidecar(1, lambda sidecar: sidecar["parts"][name].pop("000000"))
    (problem,) = converted.problems()
    assert f"part 000000 of {name}/ is not named" in str(problem)


def test_places_that_are_not_the_image_tables_are_found(converted):
    folder = converted.root.folder("triplets/places")
    sidecar, name = read_sidecar(folder, 0), part_name(0)
    columns = ("offset", "length", "crc32", "extension", "key", "label", "reject_reason")
    table = read_parquet(folder, name, columns)
    table = table.set_column(0, "offset", table.column("length"))
    write_part(
        folder, 0, parquet_bytes(table, 8), sidecar["digest"],
        {"images_sha256": sidecar["images_sha256"]},
    )  # fmt: skip
    (problem,) = converted.problems()
    assert "other places; expected those of the images in" in str(problem)


def test_a_broken_part_of_the_triplets_is_not_the_shards_fault(converted):
    converted.flip("triplets/train/part-000000.parquet", 0.5)
    converted.forge_shard(1, exchanged)
    report = verified(converted.path)
    assert [str(problem.record) for problem in report.problems] == [
        "part 0 of the triplets of train"
    ]
    assert any("shards against their triplets" in note for note in report.not_checked)


def spoil(run):
    run.flip("images/part-000000.parquet", 0.5)
    run.flip("images/listing/000000.parquet", 0.9)
    run.flip("triplets/places/part-000001.json", 0.5)
    run.flip("triplets/validation/part-000000.parquet", 0.5)
    run.flip(INDEX, 0.5)
    run.flip("shards/train/000001.tar", 0.5)
    run.flip("shards/validation/manifest.json", 0.5)


def test_a_repaired_run_is_converted_again_to_the_same_bytes(converted, converting):
    whole = converted.files
    spoil(converted)
    report = verified(converted.path, repair=True)
    assert len(report.problems) == 7
    assert report.error() is None
    assert "the command of jobs/convert.py that made this run again; it makes" in "\n".join(
        summary_lines(report)
    )
    convert_triplets(dataclasses.replace(converting, output=str(converted.path)))
    assert converted.files == whole
    assert converted.problems() == []


def test_a_run_on_anothers_table_is_verified_with_it(run, converting, tmp_path):
    borrower = dataclasses.replace(
        converting, images=None, images_from=str(run.path), output=str(tmp_path / "borrower"),
        stored=StoredConfig(), table=TableConfig(),
    )  # fmt: skip
    convert_triplets(borrower)
    root = Folder.at(str(tmp_path / "borrower"))
    assert read_settings(root).images["backbone"] is not None
    report = verified(root.url)
    assert report.problems == report.orphans == ()
    run.flip("images/part-000001.parquet", 0.5)
    shard = Path(root.url, "shards", "train", "000000.tar")
    shard.write_bytes(b"half")
    shutil.rmtree(Path(root.url, "triplets", "places"))
    report = verified(root.url, repair=True)
    assert [str(problem.record) for problem in report.unrepairable] == ["part 1 of the image table"]
    assert f"--run {run.root.url} --repair" in str(report.error())
    assert not shard.exists()
