"""Images in tars are listed by the bytes that they occupy; labels come from the samples."""

import io
import json
import tarfile
import tracemalloc
from collections import Counter

import pytest

from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import InputError
from alignet_ray.records.store import Folder
from alignet_ray.stages.sources import list_images
from alignet_ray.stages.sources.tars import read_tar, rows_of_tars


def write_tar(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return str(path)


def rows(*urls):
    return {row["key"]: row for row in rows_of_tars([read_tar(url) for url in urls]).to_pylist()}


def test_every_image_is_at_its_bytes(tmp_path):
    members = {f"{i:04d}.jpg": bytes([i]) * (100 * i + 1) for i in range(9)}
    found = rows(write_tar(tmp_path / "a.tar", {**members, "notes.txt": b"x", ".hidden.jpg": b"x"}))
    assert len(found) == 9
    for name, data in members.items():
        row = found[f"a/{name}"]
        assert Folder.at(str(tmp_path)).read_range(
            "a.tar", row["offset"], row["offset"] + row["length"]
        ) == data  # fmt: skip


def test_labels_are_those_of_the_samples(tmp_path):
    members = {
        "s/0.jpg": b"a", "s/0.cls": b"7\n",
        "s/1.jpg": b"b", "s/1.json": json.dumps({"label": 3}).encode(),
        "s/2.jpg": b"c", "s/2.json": json.dumps({"text": "no label"}).encode(),
        "s/3.left.jpg": b"d", "s/3.right.jpg": b"e", "s/3.cls": b"cat",
    }  # fmt: skip
    found = rows(write_tar(tmp_path / "a.tar", members))
    assert {key: row["label"] for key, row in found.items()} == {
        "a/s/0.jpg": "7", "a/s/1.jpg": "3", "a/s/2.jpg": None, "a/s/3.left.jpg": "cat",
        "a/s/3.right.jpg": "cat",
    }  # fmt: skip


def test_the_first_sub_folder_below_what_all_share_is_the_label(tmp_path):
    one = write_tar(tmp_path / "0.tar", {"train/n01/x.jpg": b"a", "train/n01/deep/y.jpg": b"b"})
    two = write_tar(tmp_path / "1.tar", {"train/n02/x.jpg": b"c"})
    found = rows(one, two)
    assert {key: row["label"] for key, row in found.items()} == {
        "0/train/n01/x.jpg": "n01", "0/train/n01/deep/y.jpg": "n01", "1/train/n02/x.jpg": "n02",
    }  # fmt: skip


def test_equal_names_in_two_tars_are_two_images(tmp_path):
    urls = [write_tar(tmp_path / f"{i}.tar", {"0.jpg": b"abc"[: i + 1]}) for i in range(2)]
    assert {key: row["length"] for key, row in rows(*urls).items()} == {"0/0.jpg": 1, "1/0.jpg": 2}


def test_a_long_name_and_a_link_are_read_as_tar_means_them(tmp_path):
    path = tmp_path / "a.tar"
    name = "long/" * 30 + "x.jpg"
    write_tar(path, {name: b"data"})
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, name
        archive.addfile(link)
    assert list(rows(str(path))) == [f"a/{name}"]


@pytest.mark.parametrize("cut", [100, 700, 1536, 2048])
def test_a_truncated_tar_is_refused_wherever_it_is_cut(tmp_path, cut):
    path = tmp_path / "a.tar"
    write_tar(path, {"0.jpg": b"x" * 600, "1.jpg": b"y" * 10})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"a.tar: (truncated|1 tars without)"):
        rows(str(path))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a.txt": b"x"}, "1 tars without an image"),
        ({"a.jpg": b"x", "./a.jpg": b"y"}, "a.jpg twice"),
        ({"a.jpg": b"x", "a.cls": b"1", "a.json": b'{"label": 2}'}, "the labels 1 and 2"),
    ],
)
def test_a_tar_that_cannot_be_meant_is_refused(tmp_path, members, said):
    with pytest.raises(ValueError, match=said):
        rows(write_tar(tmp_path / "a.tar", members))


def test_a_compressed_tar_is_refused_with_a_remedy(tmp_path):
    url = write_tar(tmp_path / "a.tar.gz", {"a.jpg": b"x"}, "w:gz")
    with pytest.raises(InputError, match=r"compressed; .* Unpack it"):
        read_tar(url)


def test_no_tar_at_all_is_refused(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"no tar" * 1000)
    with pytest.raises(InputError, match=r"a\.tar: truncated"):
        read_tar(str(tmp_path / "a.tar"))


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize("name", ["", "/{0..2}.tar", "/*.tar"])
def test_a_folder_a_range_and_a_pattern_name_the_same_tars(tmp_path, name):
    for number in range(3):
        write_tar(tmp_path / f"{number}.tar", {f"{n}.png": b"x" * n for n in range(4)})
    listing = list_images([f"{tmp_path}{name}"], SourceConfig(), 1).table
    expected = {f"{t}/{n}.png" for t in range(3) for n in range(4)}
    assert set(listing.column("key").to_pylist()) == expected


def test_a_second_name_of_a_file_is_at_the_same_bytes(tmp_path):
    path = tmp_path / "a.tar"
    write_tar(path, {"0.jpg": b"data"})
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("1.jpg")
        link.type, link.linkname = tarfile.LNKTYPE, "0.jpg"
        archive.addfile(link)
    found = rows(str(path))
    assert found["a/1.jpg"]["offset"] == found["a/0.jpg"]["offset"]
    assert found["a/1.jpg"]["length"] == 4


def test_json_that_holds_no_label_is_passed_over(tmp_path):
    members = {
        "0.jpg": b"a", "0.json": b"[[1, 2, 3, 4]]", "1.jpg": b"b", "1.json": b'{"a": 1}\n{"a": 2}',
        "._1.json": b"\0\5\x16\x07", "2.jpg": b"c", "2.json": b'{"label": [1]}',
    }  # fmt: skip
    found = rows(write_tar(tmp_path / "a.tar", members))
    assert [row["label"] for row in found.values()] == [None] * 3


def test_val_annotations_label_the_images_below_them(tmp_path):
    said = b"0.jpg\tn07\t0\t1\t2\t3\n1.jpg\tn08\t4\t4\t4\t4\n"
    members = {
        "val/images/0.jpg": b"a", "val/images/1.jpg": b"b", "val/val_annotations.txt": said,
        "val/images/2.jpg": b"c", "train/0.jpg": b"d",
    }  # fmt: skip
    found = rows(write_tar(tmp_path / "a.tar", members))
    assert {key: row["label"] for key, row in found.items()} == {
        "a/val/images/0.jpg": "n07", "a/val/images/1.jpg": "n08",
        "a/val/images/2.jpg": "val", "a/train/0.jpg": "train",
    }  # fmt: skip
    alone = {name: data for name, data in members.items() if name.startswith("val")}
    found = rows(write_tar(tmp_path / "b.tar", alone))
    assert [row["label"] for row in found.values()] == ["n07", "n08", None]


def test_images_of_groups_have_their_own_keys_and_labels_and_come_once(tmp_path):
    def group(keys, labels):
        return json.dumps({"keys": keys, "labels": labels, "strategy": "random"}).encode()

    one = write_tar(
        tmp_path / "0.tar",
        {
            "000-0.000.jpg": b"a",
            "000-0.001.png": b"b",
            "000-0.json": group(["x/a", "b"], ["7", None]),
        },
    )
    two = write_tar(
        tmp_path / "1.tar",
        {"001-0.000.jpg": b"b", "001-0.001.jpg": b"c", "001-0.json": group(["b", "c"], ["9", "9"])},
    )
    found = rows(one, two)
    assert {key: row["label"] for key, row in found.items()} == {"x/a": "7", "b": None, "c": "9"}
    assert found["b"]["url"] == one


@pytest.mark.real
def test_the_tar_of_tiny_imagenet_brings_its_labels(real_data):
    found = rows(str(real_data / "tiny_imagenet" / "tiny_imagenet_val.tar"))
    counts = Counter(row["label"] for row in found.values())
    assert len(counts) == 200
    assert set(counts.values()) == {50}
    assert counts["n03444034"] == 50


def member(name, **fields):
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def raw_tar(path, *members):
    """A tar of headers as they are, each with its data, and a whole end."""
    blocks = [
        info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512) for info, data in members
    ]
    path.write_bytes(b"".join(blocks) + bytes(1024))
    return str(path)


def negative_size():
    header = bytearray(member("a.txt").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 11 + b"\0"  # a size in base 256 of -256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    ("info", "data", "said"),
    [
        (member("a.jpg", size=1 << 32), b"x", "'a.jpg' ends after the file"),
        (member("a.txt", size=1 << 32), b"x", "ends after the file"),
        (member("a.jpg", pax_headers={"size": "9" * 20}), b"x", "ends after the file"),
        (member("a.txt", pax_headers={"size": "-512"}), b"", "of -512 bytes; expected members one"),
        (member("a", type=tarfile.XHDTYPE, size=40), b"9" * 35 + b" a=b\n", "unreadable headers"),
        (member("a.jpg", pax_headers={"GNU.sparse.map": "1,x"}), b"x", "unreadable headers"),
        (
            member("a", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
            b"9" * 512,
            "unreadable headers",
        ),
        (member("a.jpg", type=tarfile.LNKTYPE, linkname="/etc/passwd"), b"", "a link to '/etc/pas"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, info, data, said):
    info.size = info.size or len(data)
    with pytest.raises(InputError, match=rf"^{tmp_path}/a\.tar: .*({said})"):
        read_tar(raw_tar(tmp_path / "a.tar", (info, data), (member("b.jpg", size=1), b"x")))


def test_a_member_of_negative_size_does_not_lead_back_for_ever(tmp_path):
    (tmp_path / "a.tar").write_bytes(negative_size() + bytes(2048))
    with pytest.raises(InputError, match=r"'a.txt' of -256 bytes; expected members one after"):
        read_tar(str(tmp_path / "a.tar"))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_giant_header_is_never_read(tmp_path, kind):
    path = tmp_path / "a.tar"
    with path.open("wb") as stream:
        stream.write(member("x", type=kind, size=5 << 30).tobuf(tarfile.GNU_FORMAT))
        stream.truncate(6 << 30)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"a.tar: a header of 5,368,709,120 bytes; expected at"):
        read_tar(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_headers_before_headers_before_headers_are_refused(tmp_path):
    headers = member("p", type=tarfile.XHDTYPE).tobuf() * 3000
    (tmp_path / "a.tar").write_bytes(headers + bytes(1024))
    with pytest.raises(InputError, match=r"a.tar: (unreadable headers|truncated)"):
        read_tar(str(tmp_path / "a.tar"))


def test_members_that_are_no_files_and_names_that_lead_up_are_passed_over(tmp_path):
    others = (tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    members = [
        (member(f"{n}.jpg", type=k, linkname="/etc/passwd"), b"") for n, k in enumerate(others)
    ]
    members += [(member(name, size=1), b"x") for name in ("../a.jpg", "b/../../c.jpg", "d.jpg")]
    assert list(rows(raw_tar(tmp_path / "a.tar", *members))) == ["a/d.jpg"]


def test_small_files_that_are_bombs_or_nonsense_say_nothing(tmp_path):
    members = {
        "0.jpg": b"a", "0.json": b"[" * 500_000,
        "1.000.jpg": b"b", "1.json": b'{"keys": [["../x"]], "labels": [{"a": 1}]}',
        "2.\u00b2.jpg": b"c", "2.json": b'{"keys": ["x"], "labels": ["y"]}',
        f"3.{'9' * 80}.jpg": b"d", "3.json": b'{"keys": ["x"], "labels": ["y"]}',
        "4.jpg": b"e", "4.cls": b"\xff\xfe", "4.json": b"\xff" * 9,
    }  # fmt: skip
    found = rows(write_tar(tmp_path / "a.tar", members))
    assert [row["label"] for row in found.values()] == [None, None, None, None, "\ufffd\ufffd"]
    assert len(found) == 5
