"""Both directions as jobs: the same triplets come back, nothing is made twice, and what does not
fit is refused by name before anything is lost.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alignet_ray.config.convert import ConvertConfig, TableConfig
from alignet_ray.config.generate import StoredConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import InputError, MismatchError
from alignet_ray.generation.conversion import export
from alignet_ray.generation.conversion.export import export_triplets
from alignet_ray.generation.conversion.job import convert_triplets
from alignet_ray.generation.conversion.summary import export_lines, summary_lines
from alignet_ray.records.manifest import read_manifest
from alignet_ray.records.run import read_settings
from alignet_ray.records.store import Folder

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_cluster")]

QUIET = Resources(num_cpus=2, progress=False)
TRAIN, VALIDATION = 70, 9


def files_of(root):
    """Bytes of all that is hashed."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(Path(root).rglob("*"))
        if path.is_file() and "logs" not in path.parts
    }


def as_set(path):
    """Triplets as {image: ...} sets with the similarity of every pair, whatever their order."""
    with np.load(path, allow_pickle=False) as loaded:
        names, similarities = loaded["filenames"].tolist(), loaded["similarities"].tolist()
    pairs = ((0, 1), (0, 2), (1, 2))
    return {
        frozenset((frozenset((row[i], row[j])), s) for (i, j), s in zip(pairs, values, strict=True))
        for row, values in zip(names, similarities, strict=True)
    }


@pytest.fixture
def setting(photo_folder, make_triplets, write_npz, tmp_path):
    """Photographs with base names of their own, two released files, and flags to convert them."""
    photos = photo_folder(labels=("cat", "dog"), images_per_label=12)
    for path in sorted(photos.rglob("*.jpg")):
        path.rename(path.with_name(f"{path.parent.name}_{path.name}"))
    (photos / "cat" / "unnamed.jpg").write_bytes((photos / "cat" / "cat_000.jpg").read_bytes())
    names = sorted(path.name for path in photos.rglob("*_0*.jpg"))
    train, validation = make_triplets(names, TRAIN), make_triplets(names, VALIDATION, seed=1)
    return ConvertConfig(
        triplets=write_npz("train.npz", filenames=train[0], similarities=train[1]),
        validation_triplets=write_npz(
            "validation.npz", compressed=True, filenames=validation[0], similarities=validation[1]
        ),
        images=str(photos),
        output=str(tmp_path / "run"),
        groups_per_shard=20,
        stored=StoredConfig(resolution=32),
        table=TableConfig(part_rows=8, row_group_rows=4),
        resources=QUIET,
    )


def exporting(run, path, **changes):
    return ConvertConfig(run=run, output_npz=str(path), resources=QUIET, **changes)


def test_in_and_out_again(setting, tmp_path):
    summary = convert_triplets(setting)
    said = "\n".join(summary_lines(summary))
    assert "24 images (0 rejected)" in said
    assert "train: 70 triplets of 24 images, 4 shards (4 new)" in said
    root = Folder.at(setting.output)
    settings = read_settings(root)
    assert settings.images["backbone"] is None
    assert settings.clusters == {}
    assert settings.shards["converted"]["train"]["num_triplets"] == TRAIN
    manifest = read_manifest(root, "train")
    assert (manifest.blocks, manifest.num_groups) == ((2, 1), TRAIN)
    before = files_of(setting.output)
    assert "nothing was written" in "\n".join(summary_lines(convert_triplets(setting)))
    assert files_of(setting.output) == before

    out = tmp_path / "out.npz"
    exported = export_triplets(exporting(setting.output, out))
    assert "70 triplets" in "\n".join(export_lines(exported))
    assert as_set(out) == as_set(setting.triplets)
    with np.load(out) as loaded, np.load(setting.triplets) as given:
        assert np.array_equal(loaded["filenames"], given["filenames"])
        assert np.array_equal(loaded["similarities"], given["similarities"])
        assert loaded["filenames"].dtype == "<U11"
        assert loaded["indices"].dtype == np.int64
    data = out.read_bytes()
    assert not export_triplets(exporting(setting.output, out)).is_new
    with pytest.raises(MismatchError, match="split 'validation'"):
        export_triplets(exporting(setting.output, out, split="validation"))
    stranger = tmp_path / "mine.npz"
    stranger.write_text("precious")
    with pytest.raises(InputError, match=r"mine\.npz: a file that this job did not finish"):
        export_triplets(exporting(setting.output, stranger))
    assert stranger.read_text() == "precious"
    assert not list(tmp_path.glob("*.work"))

    out.unlink()  # as if killed before the file was put in place
    assert export_triplets(exporting(setting.output, out)).is_new
    assert out.read_bytes() == data


def test_lost_records_are_made_again_with_the_same_bytes(setting):
    convert_triplets(setting)
    root, before = Path(setting.output), files_of(setting.output)
    for name in (
        "images/part-000001.json", "triplets/places/part-000000.parquet",
        "triplets/train/triplets.json", "shards/train/000002.json", "shards/train/000000.tar",
        "shards/validation/manifest.json",
    ):  # fmt: skip
        (root / name).unlink()
    convert_triplets(setting)
    assert files_of(root) == before


def test_a_borrowed_table_gives_the_same_triplets(setting, tmp_path):
    convert_triplets(setting)
    lender, before = setting.output, files_of(setting.output)
    borrower = replace(
        setting, images=None, images_from=lender, output=str(tmp_path / "borrower"),
        stored=StoredConfig(), table=TableConfig(),
    )  # fmt: skip
    convert_triplets(borrower)
    assert files_of(lender) == before
    assert not Path(borrower.output, "images").exists()
    own, taken = files_of(Path(lender, "shards")), files_of(Path(borrower.output, "shards"))
    assert {k: v for k, v in own.items() if k.endswith(".tar")} == {
        k: v for k, v in taken.items() if k.endswith(".tar")
    }
    assert read_settings(Folder.at(borrower.output)).images_from == lender
    with pytest.raises(MismatchError, match="its images are taken from the run"):
        convert_triplets(replace(setting, output=borrower.output))
    with pytest.raises(InputError, match="no run with images"):
        convert_triplets(replace(borrower, images_from=str(tmp_path), output=str(tmp_path / "x")))


def test_other_settings_and_a_changed_source_are_refused_by_name(setting):
    convert_triplets(setting)
    before = files_of(setting.output)
    with pytest.raises(MismatchError, match=r"shards\.groups_per_shard 10 \(made with 20\)"):
        convert_triplets(replace(setting, groups_per_shard=10))
    with pytest.raises(MismatchError, match=r"shards\.converted\.train\.num_triplets 30"):
        convert_triplets(replace(setting, max_triplets=30))
    path = Path(setting.images, "dog", "dog_003.jpg")
    path.write_bytes(Path(setting.images, "dog", "dog_004.jpg").read_bytes())
    with pytest.raises(MismatchError, match="the source has changed"):
        convert_triplets(setting)
    assert files_of(setting.output) == before


def test_missing_and_broken_images_are_dropped_only_when_told(setting):
    Path(setting.images, "dog", "dog_003.jpg").unlink()
    Path(setting.images, "cat", "cat_005.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"not there, such as 'dog_003\.jpg'"):
        convert_triplets(setting)
    assert not Path(setting.output, "config.yaml").exists()
    skipping = replace(setting, skip_missing=True)
    with pytest.raises(InputError, match=r"1 of 23 images rejected .*--max-rejected-fraction"):
        convert_triplets(skipping)
    summary = convert_triplets(replace(skipping, max_rejected_fraction=0.1))
    with np.load(setting.triplets) as given:
        names = given["filenames"]
    is_missing = (names == "dog_003.jpg").any(axis=1)
    is_broken = (names == "cat_005.jpg").any(axis=1) & ~is_missing
    said = "\n".join(summary_lines(summary))
    assert f"dropped: {is_missing.sum()} triplets that name an image that is not there" in said
    assert f"dropped: {is_broken.sum()} triplets that show a rejected image" in said
    assert summary.splits[0].index.num_triplets == TRAIN - (is_missing | is_broken).sum()


def test_keys_are_written_where_base_names_repeat(
    setting, write_npz, photo_folder, tmp_path, monkeypatch, capsys
):
    photos = photo_folder("twins", labels=("cat", "dog"), images_per_label=3)
    names = np.array([["cat/000.jpg", "dog/000.jpg", "cat/001.jpg"]] * 4)
    path = write_npz("twins.npz", filenames=names, similarities=np.ones((4, 3), np.float32))
    config = replace(
        setting, triplets=path, validation_triplets=None, images=str(photos),
        output=str(tmp_path / "twins_run"),
    )  # fmt: skip
    convert_triplets(config)
    monkeypatch.setattr(export, "MANY_TRIPLETS", 3)
    summary = export_triplets(exporting(config.output, tmp_path / "twins_out.npz"))
    assert "warning: 4 triplets will be written, 1 of each group" in capsys.readouterr().err
    assert summary.repeated == "000.jpg"
    assert as_set(tmp_path / "twins_out.npz") == as_set(path)
