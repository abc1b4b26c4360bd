"""Lists of images in CSV, TSV and Parquet give the listing of the folder that they name."""

import shutil

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import InputError
from alignet_ray.records.listing import listing_sha256
from alignet_ray.stages.sources import list_folder, list_images

AUTO = SourceConfig()


def rows_of(url, source=AUTO):
    return {row["key"]: row for row in list_images([str(url)], source, 0).table.to_pylist()}


def write_list(path, columns):
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return path
    mark = "\t" if path.suffix == ".tsv" else ","
    lines = [mark.join(columns), *(mark.join(map(str, row)) for row in zip(*columns.values()))]  # noqa: B905
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize("relative", [True, False])
def test_a_list_of_a_folder_is_the_listing_of_the_folder(photo_folder, tmp_path, suffix, relative):
    folder = photo_folder(images_per_label=5)
    files = sorted(folder.rglob("*.jpg"))
    columns = {
        "url": [str(f.relative_to(tmp_path) if relative else f) for f in files],
        "label": [f.parent.name for f in files],
    }
    path = write_list(tmp_path / f"list{suffix}", columns)
    found = list_images([str(path)], AUTO, 7).table
    assert found.equals(list_folder(str(folder), 7))


def test_a_list_in_an_object_store_has_the_same_digest(photo_folder, tmp_path):
    folder = photo_folder()
    files = [str(f.relative_to(folder)) for f in sorted(folder.rglob("*.jpg"))]
    write_list(folder / "list.csv", {"url": files})
    fsspec.filesystem("memory").put(str(folder), "/bucket", recursive=True)
    here, there = (
        list_images([url], AUTO, 0).table
        for url in (str(folder / "list.csv"), "memory://bucket/list.csv")
    )
    assert listing_sha256(here) == listing_sha256(there)
    assert all(url.startswith("memory://bucket/") for url in there.column("url").to_pylist())


def test_columns_have_the_names_that_are_given(photo_folder, tmp_path):
    folder = photo_folder()
    path = write_list(
        folder / "list.csv", {"file": ["cat/000.jpg", "dog/001.jpg"], "wnid": ["01", "02"]}
    )
    found = rows_of(path, SourceConfig(url_column="file", label_column="wnid"))
    # Text that looks like a number stays text.
    assert {key: row["label"] for key, row in found.items()} == {
        "cat/000.jpg": "01", "dog/001.jpg": "02",
    }  # fmt: skip


def test_numbers_as_labels_are_taken_as_text(photo_folder):
    folder = photo_folder()
    path = write_list(
        folder / "list.parquet", {"url": ["cat/000.jpg", "dog/000.jpg"], "label": [3, 14]}
    )
    assert {row["label"] for row in rows_of(path).values()} == {"3", "14"}


def test_keys_ranges_and_lengths_of_the_list_are_kept(photo_folder):
    folder = photo_folder()
    columns = {
        "url": ["all.bin", "all.bin"], "key": ["first", "second"], "offset": [0, 10],
        "length": [10, 25],
    }  # fmt: skip
    found = rows_of(write_list(folder / "list.parquet", columns))
    assert found["second"]["offset"] == 10
    assert [found[k]["length"] for k in ("first", "second")] == [10, 25]


@pytest.mark.parametrize(
    ("offset", "length", "said"),
    [("0", "", "offset 0 and length None in row 1"), ("-1", "3", "offset -1"), ("0", "-3", "-3")],
)
def test_a_range_that_is_none_is_refused(photo_folder, offset, length, said):
    columns = {"url": ["cat/000.jpg"], "offset": [offset], "length": [length]}
    with pytest.raises(InputError, match=said):
        rows_of(write_list(photo_folder() / "list.csv", columns))


def test_a_range_from_the_start_is_a_range_and_no_offset_is_the_whole_file(photo_folder):
    folder = photo_folder()
    columns = {"url": ["all.bin", "cat/000.jpg"], "offset": ["0", ""], "length": ["10", ""]}
    found = {row["url"]: row for row in rows_of(write_list(folder / "list.csv", columns)).values()}
    assert found[str(folder / "all.bin")]["offset"] == 0
    assert found[str(folder / "cat" / "000.jpg")]["offset"] is None


def test_a_label_column_that_is_named_must_be_there(photo_folder):
    path = write_list(photo_folder() / "list.csv", {"url": ["cat/000.jpg"], "label": ["a"]})
    with pytest.raises(InputError, match="expected a column 'clas'"):
        rows_of(path, SourceConfig(label_column="clas"))


def test_two_columns_of_one_name_are_refused(photo_folder):
    path = photo_folder() / "list.csv"
    path.write_text("url,url\ncat/000.jpg,dog/000.jpg\n")
    with pytest.raises(InputError, match="expected each column once"):
        rows_of(path)


def test_a_folder_of_parquet_files_is_one_list(photo_folder, tmp_path):
    folder = photo_folder()
    (tmp_path / "lists").mkdir()
    for number, name in enumerate(["cat", "dog"]):
        files = [str(f) for f in sorted((folder / name).glob("*.jpg"))]
        write_list(tmp_path / "lists" / f"{number}.parquet", {"url": files, "label": [name] * 3})
    assert list_images([str(tmp_path / "lists")], AUTO, 0).table.equals(list_folder(str(folder), 0))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"path": ["cat/000.jpg"]}, "columns path; expected a column 'url'"),
        (
            {"url": ["cat/000.jpg", ""], "label": ["a", "b"]},
            r"no URL in 1 rows \(the first is row 2\)",
        ),
        ({"url": ["cat/000.jpg", "cat/999.jpg"]}, r"1 of 2 files are not there \(.*999.jpg\)"),
        ({"url": ["cat/000.jpg", "cat/000.jpg"]}, r"1 keys twice \(000.jpg\)"),
        ({"url": []}, "no rows"),
        ({"url": ["cat/000.jpg"], "length": ["long"]}, "column 'length' of string"),
        ({"url": ["cat/000.jpg", "dog/000.jpg"], "key": ["a", ""]}, "no key in 1 of 2 rows"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(photo_folder, columns, said):
    folder = photo_folder()
    with pytest.raises(InputError, match=said):
        rows_of(write_list(folder / "list.csv", columns))


def test_a_broken_parquet_file_is_refused(photo_folder):
    folder = photo_folder()
    (folder / "list.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(InputError, match=r"list\.parquet: unreadable"):
        rows_of(folder / "list.parquet")


def test_few_files_of_many_folders_are_asked_for_one_by_one(photo_folder, tmp_path):
    folder = photo_folder(labels=tuple("abcdefgh"), images_per_label=1)
    shutil.rmtree(folder / "h")
    urls = [str(f) for f in folder.rglob("*.jpg")]
    found = rows_of(write_list(tmp_path / "list.csv", {"url": urls}))
    assert {row["url"] for row in found.values()} == set(urls)


@pytest.mark.parametrize(
    "entry", ["reference://a.jpg::http://x/refs.json", "simplecache::gs://b/a.jpg", "a\0b.jpg"]
)
def test_an_entry_that_is_no_place_of_one_file_is_refused(tmp_path, entry):
    path = write_list(tmp_path / "list.csv", {"url": ["a.jpg", entry], "length": [1, 1]})
    with pytest.raises(InputError, match=r"list.csv: .* in row 2; expected the path or URL of one"):
        rows_of(path)


def test_a_device_is_no_image(tmp_path):
    path = write_list(tmp_path / "list.csv", {"url": ["/dev/zero"]})
    with pytest.raises(InputError, match="/dev/zero: a other; expected a regular file"):
        rows_of(path)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"url": [["a"]]}, "texts inside the lists of column url"),
        ({"url": [{"a": 1}]}, "column 'url' of struct"),
        ({"url": [b"\xff"]}, "Invalid UTF8"),
        ({"url": ["a"], "length": [float("nan")]}, "column 'length' of double"),
        ({"url": ["a"], "length": ["9" * 20]}, "column 'length'"),
        ({"url": ["a"], "length": [-1]}, "offset None and length -1 in row 1"),
    ],
)
def test_columns_of_other_types_are_refused(tmp_path, columns, said):
    with pytest.raises(InputError, match=f"list.parquet: .*{said}"):
        rows_of(write_list(tmp_path / "list.parquet", columns))


def test_a_text_that_a_million_rows_repeat_is_refused_unread(tmp_path):
    codes = pa.array([0] * 1_000_000, pa.int32())
    urls = pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 1000]))
    path = write_list(tmp_path / "list.parquet", {"url": urls})
    with pytest.raises(InputError, match=r"list.parquet: 1,000,000,000 bytes packed into"):
        rows_of(path)
