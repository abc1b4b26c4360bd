"""Where a row lies is arithmetic; a part is there when its sidecar is."""

import hashlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.errors import RecordError, StorageError
from alignet_ray.records.parts import (
    PartLayout,
    missing_parts,
    part_name,
    read_sidecar,
    read_sidecars,
    read_sidecars_if_there,
    sidecar_name,
    write_part,
)
from alignet_ray.records.store import Folder

LAYOUTS = st.builds(
    lambda rows, groups, size: PartLayout(
        num_rows=rows, part_rows=groups * size, row_group_rows=size
    ),
    st.integers(1, 300),
    st.integers(1, 5),
    st.integers(1, 9),
)


@given(LAYOUTS)
def test_parts_hold_every_row_once_in_order(layout):
    rows = [row for part in range(layout.num_parts) for row in layout.rows(part)]
    assert rows == list(range(layout.num_rows))
    assert all(len(layout.rows(part)) == layout.part_rows for part in range(layout.num_parts - 1))


@given(LAYOUTS, st.data())
def test_row_groups_are_those_that_hold_a_row_of_the_range(layout, data):
    start = data.draw(st.integers(0, layout.num_rows - 1))
    end = data.draw(st.integers(start + 1, layout.num_rows))
    expected = {
        (row // layout.part_rows, row % layout.part_rows // layout.row_group_rows)
        for row in range(start, end)
    }
    found = layout.row_groups(start, end)
    assert list(found) == sorted(expected)
    assert len(found) == len(expected)
    cut = data.draw(st.slices(len(found)))
    assert list(found[cut]) == sorted(expected)[cut]


def test_row_groups_of_a_billion_rows_are_computed_and_not_kept():
    layout = PartLayout(num_rows=10**9, part_rows=512, row_group_rows=128)
    found = layout.row_groups(1000, 10**9)
    assert len(found) == 10**9 // 128 - 7
    assert (found[0], found[-1]) == ((1, 3), (1_953_124, 3))
    assert sys.getsizeof(found) < 1000


def test_a_sidecar_names_the_digest_of_what_was_written(root):
    written = write_part(root, 3, b"data", "settings", {"rejects": {"a.jpg": "empty"}})
    assert read_sidecar(root, 3) == written
    assert root.read(part_name(3)) == b"data"
    assert written["sha256"] == hashlib.sha256(b"data").hexdigest()
    assert (written["part"], written["digest"], written["bytes"]) == (3, "settings", 4)


def test_a_part_is_missing_without_its_file_or_its_sidecar(root):
    for part in range(4):
        write_part(root, part, b"data", "settings", {})
    root.delete(part_name(1))
    root.delete(sidecar_name(2))
    assert missing_parts(root, 6) == [1, 2, 4, 5]


def test_several_sidecars_come_in_the_order_asked_for(root):
    for part in (0, 1, 3):
        write_part(root, part, b"data", "d", {})
    assert [sidecar["part"] for sidecar in read_sidecars(root, (3, 0, 1))] == [3, 0, 1]
    found = read_sidecars_if_there(root, range(4))
    assert [sidecar and sidecar["part"] for sidecar in found] == [0, 1, None, 3]
    with pytest.raises(RecordError, match="missing"):
        read_sidecars(root, range(4))


def test_a_missing_sidecar_is_a_record_error(root):
    with pytest.raises(RecordError, match=r"part-000000.json: missing"):
        read_sidecar(root, 0)


@pytest.mark.parametrize("data", [b"", b'{"part":', b"{}", b'{"part": 0, "digest": ""}'])
def test_a_broken_sidecar_is_a_record_error(root, data):
    root.write(sidecar_name(0), data)
    with pytest.raises(RecordError, match=r"part-000000.json: "):
        read_sidecar(root, 0)


def test_an_older_sidecar_never_vouches_for_a_new_part(tmp_path):
    folder = Folder.at(str(tmp_path))
    write_part(folder, 0, b"old", "digest", {})
    (tmp_path / "part-000000.parquet").unlink()
    (tmp_path / "part-000000.parquet").mkdir()  # the new part cannot be put in place
    with pytest.raises(StorageError):
        write_part(folder, 0, b"new", "digest", {})
    assert not folder.exists("part-000000.json")
