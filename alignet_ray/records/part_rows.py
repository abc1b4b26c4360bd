"""Some rows of a part: only the row groups that hold them are read."""

from collections.abc import Sequence

import pyarrow as pa

from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import PartLayout, part_name
from alignet_ray.records.store import Folder


def read_part_rows(
    folder: Folder, layout: PartLayout, part: int, rows: Sequence[int], columns: Sequence[str]
) -> pa.Table:
    """Columns of rows of a part, which are counted from its start, in the order given."""
    groups, places = row_places(rows, layout.row_group_rows)
    return read_parquet(folder, part_name(part), columns, groups).take(places)


def row_places(rows: Sequence[int], size: int) -> tuple[list[int], list[int]]:
    """The row groups of `size` that hold some rows, and where the rows lie in these alone."""
    groups = sorted({row // size for row in rows})
    starts = {group: place * size for place, group in enumerate(groups)}
    return groups, [starts[row // size] + row % size for row in rows]
