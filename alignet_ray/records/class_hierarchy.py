"""What each class is of: a table of its own, or the files of BREEDS.

    CSV    columns class, basic, superordinate, as anybody can write them
    folder class_hierarchy.txt (a line `parent child`), node_names.txt (id, tab, name),
           dataset_class_info.json (number, id and name of each class)

BREEDS's modified hierarchy of ImageNet is made so that one level is of one kind. Its level 3, the
superclasses of Entity-13, is the superordinate one (mammal, bird, garment, furniture), its level 5,
those of Living-17 and Nonliving-26, the basic one (dog, snake, boat, hat). A class that stands at
level 5 or above it has no such ancestor and is a basic category of its own (goldfish). The class
itself is the subordinate level. Classes outside the hierarchy, or above level 3, have no place.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alignet_ray.errors import InputError
from alignet_ray.functional.class_tree import ClassTree, class_tree
from alignet_ray.records.csv_rows import csv_rows
from alignet_ray.records.store import Folder
from alignet_ray.records.wording import quoted

HIERARCHY_NAME = "class_hierarchy.txt"
NODES_NAME = "node_names.txt"
CLASSES_NAME = "dataset_class_info.json"
COLUMNS = ("class", "basic", "superordinate")
ROOT = "n00001740"
SUPERORDINATE_LEVEL, BASIC_LEVEL = 3, 5

_FILES = f"{HIERARCHY_NAME}, {NODES_NAME} and {CLASSES_NAME}"


@dataclass(frozen=True, kw_only=True)
class ClassCategories:
    """Basic and superordinate category of each class, as ids; what ids are called; classes without.

    Two nodes may have one name (a crane is a bird and a machine), so ids keep them apart.
    """

    basic: Mapping[str, str]
    superordinate: Mapping[str, str]
    names: Mapping[str, str]
    without: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClassHierarchy:
    """A tree of classes, the number of each class in its data set, and the names of nodes."""

    tree: ClassTree
    numbers: Mapping[str, int]
    names: Mapping[str, str]


def read_class_categories(url: str) -> ClassCategories:
    """Categories from a .csv or .tsv table, or from a folder of BREEDS's files.

    Raises InputError naming what is wrong.
    """
    if url.lower().endswith((".csv", ".tsv")):
        return _from_table(url)
    return categories_of(read_class_hierarchy(url))


def categories_of(
    hierarchy: ClassHierarchy,
    *,
    superordinate_level: int = SUPERORDINATE_LEVEL,
    basic_level: int = BASIC_LEVEL,
) -> ClassCategories:
    """Categories of the classes in a hierarchy."""
    tree = hierarchy.tree
    basic: dict[str, str] = {}
    superordinate: dict[str, str] = {}
    without = list(tree.outside)
    for name in tree.classes:
        above = tree.ancestor_at(name, superordinate_level)
        if above is None:
            without.append(name)
            continue
        superordinate[name] = above
        basic[name] = tree.ancestor_at(name, basic_level) or name
    shown = {*basic, *basic.values(), *superordinate.values()}
    return ClassCategories(
        basic=basic,
        superordinate=superordinate,
        names={node: hierarchy.names.get(node, node) for node in sorted(shown)},
        without=tuple(sorted(without)),
    )


def read_class_hierarchy(url: str, root: str = ROOT) -> ClassHierarchy:
    """The hierarchy in a folder with the files of BREEDS."""
    folder = Folder.at(url)
    classes = _classes(folder)
    names = dict(_pairs(folder, NODES_NAME, "\t"))
    edges = _pairs(folder, HIERARCHY_NAME, None)
    try:
        tree = class_tree(edges, [identity for _, identity, _ in classes], root)
    except ValueError as error:
        place = folder.place(HIERARCHY_NAME)
        raise InputError(str(error), "", place, "Look at its lines `parent child`.") from error
    return ClassHierarchy(
        tree=tree, numbers={identity: number for number, identity, _ in classes}, names=names
    )


def _from_table(url: str) -> ClassCategories:
    basic: dict[str, str] = {}
    superordinate: dict[str, str] = {}
    above: dict[str, str] = {}
    for number, row in enumerate(csv_rows(url, COLUMNS), 1):
        name, own, highest = (row[column] for column in COLUMNS)
        if name in basic:
            raise InputError(f"class {name!r} again in row {number}", "each class once", url)
        if above.setdefault(own, highest) != highest:
            raise InputError(
                f"{own!r} is {highest!r} in row {number} and {above[own]!r} before",
                "one superordinate category of each basic one", url, "Give one another name.",
            )  # fmt: skip
        basic[name], superordinate[name] = own, highest
    shown = {*basic, *basic.values(), *superordinate.values()}
    return ClassCategories(
        basic=basic,
        superordinate=superordinate,
        names={name: name for name in sorted(shown)},
        without=(),
    )


def _lines(folder: Folder, name: str) -> list[str]:
    data = folder.read_if_there(name)
    if data is None:
        raise InputError(f"no {name}", f"a folder with {_FILES}", folder.url, "Or give a .csv.")
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8", "text", folder.place(name)) from error


def _pairs(folder: Folder, name: str, separator: str | None) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(_lines(folder, name), 1):
        fields = line.split(separator)
        if not line.strip():
            continue
        if len(fields) < 2 or not all(fields[:2]):
            raise InputError(f"{line[:60]!r} in line {number}", "two fields", folder.place(name))
        pairs.append((fields[0], fields[1].strip()))
    return pairs


def _classes(folder: Folder) -> list[tuple[int, str, str]]:
    place = folder.place(CLASSES_NAME)
    expectation = "a list of [number, id, name] for each class"
    try:
        loaded: Any = json.loads("\n".join(_lines(folder, CLASSES_NAME)))
        classes = [(int(number), str(identity), str(name)) for number, identity, name in loaded]
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"unreadable ({error})", expectation, place) from error
    counted = Counter(identity for _, identity, _ in classes)
    doubled = sorted(identity for identity, count in counted.items() if count > 1)
    if doubled or not classes:
        value = f"{len(classes)} classes, repeated: {quoted(doubled)}"
        raise InputError(value, expectation, place)
    return classes
