"""A file of labels for images that lie flat, in the layouts in which ImageNet comes.

Each line names an image (with or without folder and suffix) and then its label, separated by a
tab, a comma or blanks; more columns are ignored, and so is a header. `val_annotations.txt`,
`val.txt` and `LOC_val_solution.csv` are of this kind. Or one label a line and nothing else, in
the order of the sorted names: `ILSVRC2012_validation_ground_truth.txt`. Or the names of the images
themselves begin with their labels, as those of ImageNet's training images do.
"""

import os
import re

import pyarrow as pa

from alignet_ray.errors import InputError
from alignet_ray.records.given_files import missing_is_a_mistake
from alignet_ray.records.store import read_url

# ImageNet's `LOC_val_solution.csv` puts boxes behind the WordNet id.
_WORDNET_ID = re.compile(r"n\d{8}(?= )")
_NUMBERS = re.compile(r"\S+(\s+-?\d+(\.\d+)?)+")
_SHOWN = 3


def with_labels(rows: pa.Table, labels_url: str) -> pa.Table:
    """The rows with the labels of a file; images that it does not name have none.

    Raises InputError where it names none of them, one of them twice, or has the wrong length.
    """
    lines = [_fields(line) for line in _lines(labels_url)]
    keys = rows.column("key").to_pylist()
    if all(len(fields) == 1 for fields in lines):
        labels = _by_position(keys, [fields[0] for fields in lines], labels_url)
    else:
        labels = _by_name(keys, lines, labels_url)
    return _labelled(rows, labels)


def with_labels_of_names(rows: pa.Table, separator: str) -> pa.Table:
    """The rows labelled by what stands before the separator in each image's own file name.

    A name without it has no label. Raises InputError where none has one.
    """
    keys: list[str] = rows.column("key").to_pylist()
    parts = [key.rpartition("/")[2].partition(separator) for key in keys]
    labels = [label if found and label else None for label, found, _ in parts]
    if not any(label is not None for label in labels):
        raise InputError(
            f"no label before {separator!r} in any of {len(keys)} names",
            "names such as n01440764_10026.JPEG", keys[0], "Check --source.label-separator.",
        )  # fmt: skip
    return _labelled(rows, labels)


def _labelled(rows: pa.Table, labels: list[str | None]) -> pa.Table:
    place = rows.schema.get_field_index("label")
    return rows.set_column(place, rows.schema.field("label"), pa.array(labels, pa.string()))


def _lines(url: str) -> list[str]:
    try:
        with missing_is_a_mistake("a file of labels", "Check --source.labels."):
            text = read_url(url).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"no text ({error})", "a file of labels", url) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError("empty", "a file of labels", url)
    return lines


def _fields(line: str) -> list[str]:
    """The name and the label of a line, or the label alone."""
    separator = next((mark for mark in ("\t", ",") if mark in line), None)
    # Between blanks all that follows the name is the label, unless it is numbers (boxes).
    split = line.strip().split(separator, 1 if separator is None else -1)
    fields = [field.strip().strip('"') for field in split][:2]
    if separator is None and _NUMBERS.fullmatch(fields[-1]):
        fields[-1] = fields[-1].split()[0]
    wordnet_id = _WORDNET_ID.match(fields[-1])
    return [*fields[:-1], wordnet_id.group()] if wordnet_id else fields


def _by_position(keys: list[str], labels: list[str], url: str) -> list[str | None]:
    if len(labels) != len(keys):
        raise InputError(
            f"{len(labels)} labels without names for {len(keys)} images", "one for each", url,
            "Give names and labels.",
        )  # fmt: skip
    by_key = dict(zip(sorted(keys), labels, strict=True))
    return [by_key[key] for key in keys]


def _by_name(keys: list[str], lines: list[list[str]], url: str) -> list[str | None]:
    named: dict[str, str] = {}
    for fields in lines:
        if len(fields) < 2:
            raise InputError(f"no label in the line {fields[0]!r}", "a name and a label", url)
        name, label = fields
        if named.setdefault(name, label) != label:
            raise InputError(
                f"{name} is {named[name]} and {label}", "one label an image", url, "Mend the file."
            )
    labels = [_find(named, key) for key in keys]
    if not any(label is not None for label in labels):
        some = ", ".join(list(named)[:_SHOWN])
        raise InputError(
            f"none of its {len(named)} names ({some}) is that of an image",
            f"names such as {keys[0]}", url,
        )  # fmt: skip
    return labels


def _find(named: dict[str, str], key: str) -> str | None:
    """The label under the key, its base name, or either without the suffix."""
    base = key.rpartition("/")[2]
    names = (key, base, os.path.splitext(key)[0], os.path.splitext(base)[0])
    return next((named[name] for name in names if name in named), None)
