"""The whole job: a verdict on a run, and a repair after which generate makes the same bytes."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from alignet_ray.config.generate import ClusterConfig, GenerateConfig, ShardConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.verify import VerifyConfig
from alignet_ray.errors import InputError, LockedError, RecordError
from alignet_ray.generation.job import generate
from alignet_ray.generation.verification.job import verify
from alignet_ray.generation.verification.summary import summary_lines
from alignet_ray.records.lock import locked
from alignet_ray.records.manifest import read_manifest
from alignet_ray.records.run import read_settings

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_cluster")]


def verified(path, **flags):
    return verify(VerifyConfig(run=str(path), resources=Resources(progress=False), **flags))


def said(report):
    return "\n".join(summary_lines(report))


def snapshot(path):
    return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in Path(path).rglob("*")}


def test_a_sound_run_is_counted_and_nothing_is_written(run):
    shutil.rmtree(run.path / "logs")
    before = snapshot(run.path)
    report = verified(run.path)
    assert report.is_sound
    assert report.error() is None
    assert (report.checked.num_images, report.checked.num_rejects) == (64, 2)
    train, validation = report.checked.splits
    assert (train.num_shards, train.num_groups, train.num_draws) == (3, 12, 48)
    assert (validation.num_shards, validation.num_groups, validation.num_draws) == (1, 16, 48)
    assert (report.orphans, report.not_checked, report.num_groups) == ((), (), 12)
    assert "is sound" in said(report)
    assert "jobs/train.py --runs" in said(report)
    assert verified(run.path, quick=True).is_sound
    assert snapshot(run.path) == before


def test_a_broken_run_is_told_and_left_as_it_is(run, tmp_path):
    run.flip("shards/train/000001.tar", 0.5)
    run.flip("images/part-000002.parquet", 0.5)
    (run.path / "notes.txt").write_text("mine")
    (run.path / "shards" / "train" / "000007.tar").write_text("half")
    before = snapshot(run.path)
    report = verified(run.path, json=str(tmp_path / "report.json"))
    assert snapshot(run.path) == before
    assert [str(p.record) for p in report.problems] == [
        "part 2 of the image table", "shard 1 of train",
    ]  # fmt: skip
    assert {o.name: o.kind for o in report.orphans} == {
        "notes.txt": "foreign", "shards/train/000007.tar": "unfinished",
    }  # fmt: skip
    assert isinstance(report.error(), RecordError)
    assert "2 problems; expected a sound run" in str(report.error())
    assert any("groups against the tables" in note for note in report.not_checked)
    for text in ("is broken", "000001.tar", "1 foreign file ", "--repair"):
        assert text in said(report)
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["is_sound"] is False
    assert len(document["problems"]) == 2


def spoil_much(run):
    """One record of every kind, the centroids aside."""
    run.flip("images/listing/000000.parquet", 0.98)
    run.flip("images/part-000001.parquet", 0.3)
    run.flip("images/part-000000.json", 0.5)
    run.flip("clusters/part-000003.parquet", 0.99)
    run.flip("shards/train/000000.json", 0.5)
    run.flip("shards/train/000001.tar", 0.5)
    run.forge_shard(2, lambda groups: [*groups[:3], dataclasses.replace(groups[3], blocks=(4,))])
    run.flip("shards/validation/manifest.json", 0.5)
    with (run.path / "config.yaml").open("a") as stream:
        stream.write("# a remark\n")
    return 9


def spoil_centroids(run):
    """The centroids, and the last shard gone but for its sidecar."""
    run.flip("clusters/clusters.json", 0.9)
    (run.path / "shards" / "train" / "000002.tar").unlink()
    return 2


def spoil_ends(run):
    """Halves and nothing: what is missing altogether."""
    (run.path / "images" / "part-000003.json").unlink()
    (run.path / "clusters" / "part-000001.parquet").unlink()
    (run.path / "shards" / "train" / "manifest.json").unlink()
    (run.path / "images" / "listing" / "listing.json").unlink()
    return 4


@pytest.mark.parametrize("spoil", [spoil_much, spoil_centroids, spoil_ends])
def test_a_repaired_run_is_made_again_to_the_same_bytes(run, source, run_job, spoil):
    whole = run.files
    num_problems = spoil(run)
    (run.path / "notes.txt").write_text("mine")
    report = verified(run.path, repair=True)
    assert len(report.problems) >= num_problems
    assert report.error() is None
    assert report.removed
    assert "--num-groups 12" in said(report)
    left = verified(run.path)
    assert left.removable == (), "a repair leaves nothing to repair"
    assert not any(orphan.kind == "beyond" for orphan in left.orphans)
    assert "--repair" not in f"{said(left)} {left.error()}"
    done = run_job("generate", *source.flags, "--output", str(run.path))
    assert done.returncode == 0, done.stderr
    assert run.files == whole | {"notes.txt": b"mine"}
    assert verified(run.path).is_sound


def test_settings_that_were_edited_cannot_be_repaired(run):
    config = run.path / "config.yaml"
    config.write_text(config.read_text().replace("seed: 0", "seed: 1"))
    for repair in (False, True):
        report = verified(run.path, repair=repair)
        assert "edited by hand" in str(report.problems[0])
        assert "restore config.yaml" in str(report.error())
        assert len(str(report.error()).splitlines()) == 1
    config.unlink()
    assert "config.yaml: missing" in str(verified(run.path).problems[0])


def test_there_must_be_a_run(tmp_path):
    for repair in (False, True):
        with pytest.raises(InputError, match="no such run"):
            verified(tmp_path / "nowhere", repair=repair)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["a.txt", "images/a.jpg", "shards/000.tar"])
def test_a_folder_of_other_files_is_no_run(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match="no such run"):
        verified(tmp_path)


def test_another_driver_is_told_of_and_keeps_a_repair_away(run):
    with locked(run.root):
        report = verified(run.path, quick=True)
        assert report.writer
        assert "another driver" in said(report)
        with pytest.raises(LockedError):
            verified(run.path, repair=True)


def borrowing(run, path):
    """A run in a new root on the other's images, its clusters and temperature left to generate."""
    config = GenerateConfig(
        images_from=str(run.path),
        output=str(path),
        teacher="untransformed",
        clusters=ClusterConfig(num_clusters="auto", num_restarts=1),
        shards=ShardConfig(group="2x2", num_validation_images=16, teacher_temperature="auto"),
        resources=Resources(num_cpus=2, progress=False, num_actors=1),
    )
    generate(config)
    return type(run)(path=path)


def test_a_run_that_borrows_its_images_is_verified_with_them(run, tmp_path):
    other = borrowing(run, tmp_path / "other")
    assert read_settings(other.root).clusters["num_clusters"] == "auto"
    report = verified(other.path)
    assert report.problems == report.orphans == report.not_checked == ()
    assert report.checked.num_images == 64
    for split in ("train", "validation"):
        name = f"shards/{split}/manifest.json"
        temperature = read_manifest(other.root, split).teacher_temperature
        other.edit_json(
            name, lambda fields, t=temperature: fields.update(teacher_temperature=2 * t)
        )
    wrong = verified(other.path).problems
    assert [str(p.record) for p in wrong] == ["the manifest of train", "the manifest of validation"]
    assert "which gives the validation triplets an entropy of" in str(wrong[0])
    run.flip("images/part-000001.parquet", 0.5)
    before = run.files
    (other.path / "shards" / "train" / "000000.tar").write_bytes(b"half")
    report = verified(other.path, repair=True)
    assert [str(p.record) for p in report.unrepairable] == ["part 1 of the image table"]
    assert f"--run {run.root.url} --repair" in str(report.error())
    assert not (other.path / "shards" / "train" / "000000.tar").exists()
    assert run.files == before


def test_a_draw_that_cannot_be_made_again_is_told_of(run):
    run.flip("clusters/part-000002.parquet", 0.5)
    notes = verified(run.path).not_checked
    assert any("shards against their draws" in note for note in notes)


def test_a_listing_without_which_nothing_can_be_told(run):
    for name in ("listing.json", "000000.parquet"):
        run.flip(f"images/listing/{name}", 0.5)
    report = verified(run.path)
    assert {p.record.kind for p in report.problems} == {"listing"}
    assert any("everything after the listing" in note for note in report.not_checked)


def test_the_job_says_it_in_its_exit_code(run, run_job):
    done = run_job("verify", "--run", str(run.path))
    assert (done.returncode, "is sound" in done.stdout) == (0, True), done.stderr
    run.flip("clusters/centroids.npy", 0.5)
    done = run_job("verify", "--run", str(run.path), "--resources.no-progress")
    assert done.returncode == 5
    assert "1 problem; expected a sound run" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    done = run_job("verify", "--run", str(run.path), "--repair")
    assert done.returncode == 0, done.stderr
    assert not (run.path / "clusters" / "centroids.npy").exists()
