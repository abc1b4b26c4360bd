"""A flipped, missing, cut or exchanged byte is found wherever it lies, and told of its record."""

import shutil

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow]

RECORDS = {
    "config.yaml": "config.yaml",
    "images/listing/listing.json": "the listing",
    "images/listing/000000.parquet": "the listing",
    "images/part-000001.json": "part 1 of the image table",
    "images/part-000001.parquet": "part 1 of the image table",
    "clusters/clusters.json": "the centroids and all parts of the clusters",
    "clusters/centroids.npy": "the centroids and all parts of the clusters",
    "clusters/part-000003.json": "part 3 of the clusters",
    "clusters/part-000003.parquet": "part 3 of the clusters",
    "shards/train/000002.json": "shard 2 of train",
    "shards/train/000002.tar": "shard 2 of train",
    "shards/validation/000000.tar": "shard 0 of validation",
}
MANIFEST = "shards/train/manifest.json"
PARTS_AND_SHARDS = [name for name in RECORDS if "00000" in name]


def test_a_finished_run_is_sound(run):
    assert run.problems() == []
    assert run.problems(is_quick=True) == []


@pytest.mark.parametrize("share", [0.0, 0.47, 0.999])
@pytest.mark.parametrize("name", RECORDS)
def test_a_flipped_bit_is_found_in_its_record(run, name, share):
    run.flip(name, share)
    assert run.broken() == {RECORDS[name]}


@pytest.mark.parametrize("at", range(3, 780, 97))
def test_a_flipped_bit_of_a_manifest_is_found(run, at):
    run.flip(MANIFEST, at / (run.path / MANIFEST).stat().st_size)
    found = run.broken()
    assert found
    # Where the manifest's digest of a sidecar differs, either of the two may be the altered one.
    assert found <= {"the manifest of train"} | {f"shard {n} of train" for n in range(3)}


@pytest.mark.parametrize("back", [1, 6, 200, 700])
@pytest.mark.parametrize("name", [name for name in RECORDS if name.endswith(".parquet")])
def test_a_flipped_bit_of_a_parquet_footer_is_found(run, name, back):
    run.flip(name, 1 - back / (run.path / name).stat().st_size)
    assert run.broken() == {RECORDS[name]}


@pytest.mark.parametrize("at", range(0, 312, 39))
def test_a_flipped_bit_of_what_was_fitted_is_found(run, at):
    run.flip("clusters/clusters.json", at / (run.path / "clusters/clusters.json").stat().st_size)
    assert run.broken() == {RECORDS["clusters/clusters.json"]}


@pytest.mark.parametrize("name", [*RECORDS, MANIFEST])
def test_a_missing_record_is_found_and_the_rest_is_still_checked(run, name):
    (run.path / name).unlink()
    found = run.problems()
    is_shard = name.startswith("shards/train/00")
    assert {str(p.record) for p in found} == {RECORDS.get(name, "the manifest of train")}
    assert all("missing" in p.wrong for p in found) or is_shard


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("name", PARTS_AND_SHARDS)
def test_a_cut_record_is_found(run, name, is_quick):
    if is_quick and name.startswith("images/listing"):
        pytest.skip("a listing's index does not say how long its files are")
    data = (run.path / name).read_bytes()
    (run.path / name).write_bytes(data[: len(data) // 2])
    assert {str(p.record) for p in run.problems(is_quick=is_quick)} == {RECORDS[name]}


@pytest.mark.parametrize(
    "name", ["images/part-{:06d}", "clusters/part-{:06d}", "shards/train/{:06d}"]
)
def test_two_exchanged_records_are_both_found(run, name):
    for file in list(run.path.glob(name.format(0) + ".*")):
        other = file.with_name(file.name.replace("000000", "000001"))
        aside = file.with_suffix(".aside")
        shutil.move(file, aside)
        shutil.move(other, file)
        shutil.move(aside, other)
    numbers = {p.record.number for p in run.problems() if p.record.kind != "manifest"}
    assert numbers == {0, 1}


def test_what_hangs_on_a_broken_part_is_not_called_broken(run):
    run.flip("images/part-000002.parquet", 0.4)
    run.flip("clusters/part-000000.parquet", 0.4)
    assert run.broken() == {"part 2 of the image table", "part 0 of the clusters"}


def test_quick_finds_records_that_contradict_each_other_and_reads_no_content(run):
    run.flip("shards/train/000001.tar", 0.5)
    assert run.problems(is_quick=True) == []
    run.edit_json("images/part-000003.json", lambda sidecar: sidecar.update(sha256="0" * 64))
    found = {str(p.record) for p in run.problems(is_quick=True)}
    assert "part 3 of the clusters" in found
    assert "shard 0 of validation" not in found
