"""Digests follow the bytes: what was replaced is seen, what did not change is not read again."""

import json
import os
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from alignet_ray.errors import MismatchError
from alignet_ray.records.listed_image import ContentsDigest
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed_objects import object_listing
from alignet_ray.stages.image_contents import CONTENTS_FOLDER, contents_of_parts
from alignet_ray.stages.sources.rows import listing_rows

LAYOUT = PartLayout(num_rows=4, part_rows=2, row_group_rows=2)


@pytest.fixture
def contents(tmp_path):
    cache = Folder.at(str(tmp_path / "cache"))
    return lambda listing: contents_of_parts(listing, LAYOUT, cache, is_shown=False)


def put_files(folder, texts=("aaaa", "bbbb", "cccc", "dddd")):
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number}.jpg").write_bytes(text.encode())
    return object_listing({str(n): str(folder / f"{n}.jpg") for n in range(len(texts))})


def digest_of(*texts):
    literal = ContentsDigest()
    for text in texts:
        literal.add(text.encode())
    return literal.sha256


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_an_image_of_equal_length_and_time_is_another_image(tmp_path, contents):
    listing = put_files(tmp_path / "images")
    first = contents(listing)
    assert first == (digest_of("aaaa", "bbbb"), digest_of("cccc", "dddd"))
    path = tmp_path / "images" / "3.jpg"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"eeee")
    os.utime(path, ns=times)
    assert contents(listing) == (first[0], digest_of("cccc", "eeee"))
    assert contents(put_files(tmp_path / "moved")) == first, "places are no content"
    path.write_bytes(b"e")
    with pytest.raises(MismatchError, match="1 bytes"):
        contents(listing)


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_members_of_a_tar_are_their_byte_ranges_and_are_read_once(tmp_path, contents):
    put_files(tmp_path / "images")
    with tarfile.open(tmp_path / "images.tar", "w") as archive:
        for number in range(4):
            archive.add(tmp_path / "images" / f"{number}.jpg", f"{number}.jpg")
    with tarfile.open(tmp_path / "images.tar") as archive:
        offsets = [member.offset_data for member in archive]
    url = str(tmp_path / "images.tar")

    def listed(offsets):
        return listing_rows(url, list("0123"), [url] * 4, [4] * 4, [None] * 4, offsets)

    first = contents(listed(offsets))
    assert first == (digest_of("aaaa", "bbbb"), digest_of("cccc", "dddd"))
    other = contents(listed(offsets[::-1]))
    assert other == (digest_of("dddd", "cccc"), digest_of("bbbb", "aaaa"))
    # What the record says is believed while the file is as it was, and no longer.
    for path in Path(tmp_path / "cache" / CONTENTS_FOLDER).iterdir():
        path.write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), "known")))
    assert contents(listed(offsets)) == ("known", "known")
    Path(url).touch()
    assert contents(listed(offsets)) == first


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_an_image_behind_a_link_is_read_every_time(tmp_path, contents):
    listing = put_files(tmp_path / "images")
    (tmp_path / "links").mkdir()
    for number in range(4):
        (tmp_path / "links" / f"{number}.jpg").symlink_to(tmp_path / "images" / f"{number}.jpg")
    links = [url.replace("/images/", "/links/") for url in listing.column("url").to_pylist()]
    place = listing.schema.get_field_index("url")
    listing = listing.set_column(place, listing.schema.field(place), pa.array(links))
    first = contents(listing)
    (tmp_path / "images" / "3.jpg").write_bytes(b"eeee")
    assert contents(listing) == (first[0], digest_of("cccc", "eeee"))
