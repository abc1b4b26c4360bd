"""What the small files of a tar say of its images: labels, and the keys of images in groups.

0001.cls, 0001.json    the label of WebDataset's sample 0001, the JSON's under `label`
000012-00034.json      keys and labels of the images of a group of our own shards
val_annotations.txt    tiny ImageNet's: name, tab, label of the images below its folder
"""

import json
import re
from typing import Any

from alignet_ray.errors import InputError

ANNOTATIONS_NAME = "val_annotations.txt"
LABEL_FILES = (".cls", ".json", ANNOTATIONS_NAME)
"""How the names of such files end."""

_POSITION = re.compile(r"[0-9]{1,9}")


class TarLabels:
    """What the small files of a tar say of its images."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.groups: dict[str, tuple[list[Any], list[Any]]] = {}
        self.annotated: dict[str, str] = {}

    def take(self, name: str, data: bytes, url: str) -> None:
        """Note what a file says. Raises InputError where a sample has two labels."""
        key = sample_key(name)
        folder, _, base = name.rpartition("/")
        if base.endswith(ANNOTATIONS_NAME):
            for line in data.decode(errors="replace").splitlines():
                image, _, rest = line.partition("\t")
                self.annotated[f"{folder}/{image}"] = rest.split("\t")[0]
        elif (group := _group(name, data)) is not None:
            self.groups[key] = group
        elif (label := _label(name, data)) and self.labels.setdefault(key, label) != label:
            raise InputError(
                f"sample {key} has the labels {self.labels[key]} and {label}", "one label a sample",
                url, "Write the tar again, or give --source.labels.",
            )  # fmt: skip

    def label(self, name: str) -> str | None:
        """The label of an image, by the nearest of what was said."""
        own = self.labels.get(sample_key(name)) or self._of_group(name, 1)
        folder, _, base = name.rpartition("/")
        while own is None and self.annotated:
            own = self.annotated.get(f"{folder}/{base}") or None
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        return own

    def key(self, name: str) -> str | None:
        """The key that an image's group gives it."""
        return self._of_group(name, 0)

    def _of_group(self, name: str, which: int) -> str | None:
        found = self.groups.get(sample_key(name))
        number = name.rpartition("/")[2].split(".")[1]
        if found is None or not _POSITION.fullmatch(number) or int(number) >= len(found[which]):
            return None
        return _text(found[which][int(number)])


def sample_key(name: str) -> str:
    """WebDataset's key of a member: its path up to the first dot of its base name."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.split('.')[0]}"


def _group(name: str, data: bytes) -> tuple[list[Any], list[Any]] | None:
    """Keys and labels of the images of a group of our own shards, None of any other sample."""
    if not name.endswith(".json"):
        return None
    try:
        meta = json.loads(data)
        keys, labels = meta["keys"], meta["labels"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_group = isinstance(keys, list) and isinstance(labels, list) and len(keys) == len(labels)
    return (keys, labels) if is_group else None


def _label(name: str, data: bytes) -> str | None:
    """The label in a sample's `.cls`, or in its `.json` if that is an object that has one."""
    if not name.endswith(".json"):
        return data.decode(errors="replace").strip() or None
    try:
        label = json.loads(data)["label"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return _text(label)


def _text(value: Any) -> str | None:
    """A name or number as text; what is neither says nothing."""
    return str(value) if isinstance(value, str | int) else None
