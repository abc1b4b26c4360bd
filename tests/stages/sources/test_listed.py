"""The listing depends on keys and seed alone, and a changed source is counted."""

import io
import os
import shutil
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import InputError, MismatchError
from alignet_ray.records.listing import index_of, listing_sha256, write_listing
from alignet_ray.records.store import Folder
from alignet_ray.stages.sources import (
    list_folder,
    list_images,
    refuse_changed_source,
    refuse_missing_sources,
    source_names,
)


def keys(listing):
    return listing.column("key").to_pylist()


def test_every_image_is_listed_once_with_size_url_and_label(photo_folder):
    folder = photo_folder(labels=("cat", "dog"), images_per_label=4)
    rows = list_folder(str(folder), 0).to_pylist()
    found = {row["key"]: row for row in rows}
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*.jpg")}
    assert found.keys() == files.keys()
    assert len(rows) == 8
    for key, path in files.items():
        assert found[key] == {
            "key": key, "url": str(path), "offset": None, "length": path.stat().st_size,
            "label": path.parent.name,
        }  # fmt: skip


def test_the_order_does_not_depend_on_the_order_of_creation(photo_folder, tmp_path):
    folder = photo_folder(images_per_label=5)
    paths = sorted(folder.rglob("*.jpg"))
    for path in np.random.default_rng(0).permutation(paths).tolist():
        target = tmp_path / "copy" / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    listings = [list_folder(str(tmp_path / name), 3) for name in ("photos", "copy")]
    assert keys(listings[0]) == keys(listings[1])
    assert listing_sha256(listings[0]) == listing_sha256(listings[1])


def test_an_object_store_gives_the_same_listing_but_for_urls(photo_folder):
    folder = photo_folder()
    fsspec.filesystem("memory").put(str(folder), "/listed", recursive=True)
    listed = list_folder("memory://listed", 0)
    assert listing_sha256(listed) == listing_sha256(list_folder(str(folder), 0))
    row = listed.to_pylist()[0]
    assert Folder.at("memory://listed").read(row["key"]) == (folder / row["key"]).read_bytes()


def test_the_seed_permutes(photo_folder):
    folder = str(photo_folder(images_per_label=10))
    first, again, other = (keys(list_folder(folder, seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert sorted(first) == sorted(other) != first


def test_the_first_sub_folder_is_the_label(photo_folder):
    folder = photo_folder(labels=("animal",))
    (folder / "animal" / "cat").mkdir()
    shutil.copy(folder / "animal" / "000.jpg", folder / "animal" / "cat" / "a.JPEG")
    shutil.copy(folder / "animal" / "000.jpg", folder / "top.jpg")
    labels = {row["key"]: row["label"] for row in list_folder(str(folder), 0).to_pylist()}
    assert labels["animal/cat/a.JPEG"] == "animal"
    assert labels["top.jpg"] is None


@pytest.mark.parametrize(
    "name",
    [".hidden.jpg", ".a.jpg.0123.partial", "._cat.jpg", ".thumbnails/a.jpg", "a.txt", "b.npy"],
)
def test_hidden_temporary_and_other_files_are_left_out(photo_folder, name):
    folder = photo_folder()
    before = keys(list_folder(str(folder), 0))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")
    assert keys(list_folder(str(folder), 0)) == before


def test_a_folder_below_a_hidden_one_is_listed(photo_folder, tmp_path):
    folder = photo_folder(".data/photos")
    assert len(keys(list_folder(str(folder), 0))) == 6


def test_a_missing_folder_says_so(tmp_path):
    with pytest.raises(InputError, match="none: no such folder; expected JPEG"):
        list_folder(str(tmp_path / "none"), 0)


def test_a_folder_without_images_says_what_is_there(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match="1 files, none of them an image"):
        list_folder(str(tmp_path), 0)


def refuse(root, index, listing, folder):
    refuse_changed_source(root, index, index_of(listing), listing, str(folder))


def frozen(folder, tmp_path):
    root, listing = Folder.at(str(tmp_path / "run")), list_folder(str(folder), 0)
    return root, write_listing(root, listing)


def test_an_unchanged_source_is_accepted(photo_folder, tmp_path):
    folder = photo_folder()
    root, index = frozen(folder, tmp_path)
    listing = list_folder(str(folder), 0)
    refuse(root, index, listing, folder)
    assert index_of(listing) == index


def test_new_and_missing_images_are_counted(photo_folder, tmp_path):
    folder = photo_folder()
    root, index = frozen(folder, tmp_path)
    (folder / "cat" / "001.jpg").unlink()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(folder / "dog" / "000.jpg", folder / "dog" / name)
    with pytest.raises(MismatchError, match=r"\(2 new, 1 missing\)"):
        refuse(root, index, list_folder(str(folder), 0), folder)


def test_another_size_under_the_same_name_is_a_change(photo_folder, tmp_path):
    folder = photo_folder()
    root, index = frozen(folder, tmp_path)
    stream = io.BytesIO()
    Image.new("RGB", (99, 98)).save(stream, "JPEG")
    (folder / "cat" / "001.jpg").write_bytes(stream.getvalue())
    with pytest.raises(MismatchError, match="sizes or labels differ"):
        refuse(root, index, list_folder(str(folder), 0), folder)


def test_images_that_no_decoder_here_takes_are_listed_so_that_they_become_rejects(photo_folder):
    folder = photo_folder()
    (folder / "moving.gif").write_bytes(b"GIF89a")
    assert "moving.gif" in keys(list_folder(str(folder), 0))


def test_several_sources_are_told_apart_where_their_paths_part(photo_folder, tmp_path):
    for name in ("one", "two"):
        photo_folder(f"{name}/images")
    urls = [str(tmp_path / name / "images") for name in ("one", "two")]
    found = list_images(urls, SourceConfig(), 0).table
    assert source_names(urls) == ("one", "two")
    assert {key.split("/")[0] for key in keys(found)} == {"one", "two"}
    assert set(found.column("label").to_pylist()) == {"cat", "dog"}
    assert found.num_rows == 12


def test_sources_can_be_named(photo_folder):
    urls = [f"{name}={photo_folder(name + '/x')}" for name in ("a-1", "b")]
    assert source_names(urls) == ("a-1", "b")
    found = list_images(urls, SourceConfig(), 0).table
    assert all(row["url"].endswith(row["key"][len("a-1/"):].lstrip("/")) for row in
               found.to_pylist() if row["key"].startswith("a-1/"))  # fmt: skip


def test_two_sources_of_one_name_are_refused():
    with pytest.raises(InputError, match=r"sources named x, x; .* NAME=URL"):
        source_names(["x=/a", "x=/b"])


def test_images_beside_tars_are_read_and_the_tars_are_said(photo_folder):
    folder = photo_folder()
    (folder / "more.tar").write_bytes(b"")
    found = list_images([str(folder)], SourceConfig(), 0)
    assert found.table.num_rows == 6
    assert "1 files in " in found.notes[0]
    assert "--source.format tars reads the tars" in found.notes[0]


def test_labels_of_a_file_replace_those_of_folders(photo_folder, tmp_path):
    folder = photo_folder(labels=("images",))
    (tmp_path / "labels.txt").write_text("000.jpg a\n001.jpg b\n")
    source = SourceConfig(labels=str(tmp_path / "labels.txt"))
    found = list_images([str(folder)], source, 0).table.to_pylist()
    assert {row["key"]: row["label"] for row in found} == {
        "images/000.jpg": "a", "images/001.jpg": "b", "images/002.jpg": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        (SourceConfig(format="tars"), "", "no .tar file"),
        (SourceConfig(format="list"), "", r"no .csv or .tsv or .parquet file"),
        (SourceConfig(format="tars"), "/list.csv", "with --source.format tars"),
        (SourceConfig(), "/*.tar", "no file of that name"),
    ],
)
def test_a_format_that_is_not_there_is_refused(photo_folder, source, name, said):
    folder = photo_folder()
    with pytest.raises(InputError, match=said):
        list_images([f"{folder}{name}"], source, 0)


def test_a_file_name_that_is_no_text_is_named(photo_folder):
    folder = photo_folder()
    (folder / "cat" / "000.jpg").rename(Path(os.fsdecode(bytes(folder / "cat") + b"/\xff.jpg")))
    with pytest.raises(InputError, match=r"no UTF-8 .*udcff"):
        list_folder(str(folder), 0)


@pytest.mark.parametrize("name", ["split=train", "a[1]", "b{c", "d::e", "100% #1 ?", "f*"])
def test_a_folder_may_have_any_name(photo_folder, name):
    assert list_images([str(photo_folder(name))], SourceConfig(), 0).table.num_rows == 6


def test_links_to_folders_are_followed_but_not_back_to_where_they_are(photo_folder, tmp_path):
    folder = photo_folder()
    (folder / "again").symlink_to(photo_folder("elsewhere", labels=("x",)))
    (folder / "cat" / "round").symlink_to(folder)
    found = keys(list_folder(str(folder), 0))
    assert {key for key in found if key.startswith("again/")} == {
        f"again/x/{number:03d}.jpg" for number in range(3)
    }
    assert len(found) == 9


def test_a_link_to_nothing_is_named(photo_folder):
    folder = photo_folder()
    (folder / "lost.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(InputError, match=r"lost\.jpg: a link to nothing"):
        list_folder(str(folder), 0)


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        (SourceConfig(label_column="wnid"), "", "--source.label-column out"),
        (SourceConfig(url_column="file"), "", "--source.url-column out"),
        (SourceConfig(), "/{1..", "braces in pairs"),
        (SourceConfig(), "/cat/*.jpg", "Name the folder"),
    ],
)
def test_what_is_asked_in_vain_is_refused(photo_folder, source, name, said):
    with pytest.raises(InputError, match=said):
        list_images([f"{photo_folder()}{name}"], source, 0)


def test_files_that_are_no_images_are_counted(photo_folder):
    folder = photo_folder()
    for name in ("a.txt", "b.txt", ".hidden.jpg"):
        (folder / name).write_bytes(b"x")
    (note,) = list_images([str(folder)], SourceConfig(), 0).notes
    assert note.startswith("3 files in")
    assert "(2 .txt, 1 .jpg)" in note


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "no such folder; expected JPEG"),
        ("none.csv", "no such file; expected a list"),
        ("none.parquet", "no such file; expected a list"),
        ("none-{0..9}.tar", "none-0.tar: no such file; expected a list or a tar"),
        ("*.tar", "no file of that name"),
    ],
)
def test_sources_that_are_not_there_are_one_kind_of_mistake(tmp_path, name, said):
    """And they are told before anything is started, without Ray."""
    with pytest.raises(InputError, match=said):
        refuse_missing_sources([f"{tmp_path}/{name}"])


def test_sources_that_are_there_are_taken(photo_folder, tmp_path):
    for name in ("a.csv", "b-0.tar", "b-1.tar"):
        (tmp_path / name).write_bytes(b"")
    refuse_missing_sources(
        [str(photo_folder()), f"x={tmp_path}/a.csv", f"{tmp_path}/b-{{0..1}}.tar", f"{tmp_path}/*"]
    )


@pytest.mark.parametrize("name", ["none.csv", "none.tsv", "none.parquet"])
def test_a_list_that_is_not_there_is_no_fault_of_storage(tmp_path, name):
    with pytest.raises(InputError, match="no such file; expected a list in CSV"):
        list_images([str(tmp_path / name)], SourceConfig(), 0)


def test_labels_before_a_sign_in_the_names_of_several_sources(photo_folder):
    folders = [photo_folder(name, labels=("n01_x",)) for name in ("one", "two")]
    for folder in folders:
        (folder / "n01_x" / "000.jpg").rename(folder / "n02_first.jpg")
    found = list_images([str(own) for own in folders], SourceConfig(label_separator="_"), seed=0)
    labels = dict(zip(*(found.table.column(c).to_pylist() for c in ("key", "label")), strict=True))
    assert labels["one/n02_first.jpg"] == labels["two/n02_first.jpg"] == "n02"
    assert labels["one/n01_x/001.jpg"] is None, "the name counts, not the folder"
    assert "2 of 3 images have no label before '_' in their names" in found.notes


def test_a_folder_with_val_annotations_has_its_labels(photo_folder):
    folder = photo_folder("val", labels=("images",))
    (folder / "val_annotations.txt").write_text("000.jpg\tn07\t0\t1\n002.jpg\tn08\t2\t2\n")
    found = list_images([str(folder)], SourceConfig(), seed=0).table.sort_by("key")
    assert found.column("label").to_pylist() == ["n07", None, "n08"]
