"""Settings of the downstream part of `jobs/evaluate.py`: what alignment buys."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from alignet_ray.config.checks import at_least
from alignet_ray.config.sources import SourceConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError

BreedsTask = Literal["entity13", "entity30", "living17", "nonliving26"]
BreedsSplit = Literal["rand", "good", "bad"]

_NAMED = re.compile(r"([\w.-]+(?::[\w.-]+)?)=(.+)")


@dataclass(frozen=True, kw_only=True)
class DownstreamConfig:
    """Classification with frozen representations, before and after alignment.

    Data sets may be named, `NAME=URL`; one name several times is one set of several places.
    """

    train: tuple[str, ...] = ()
    """Labelled images to fit probes on: folders with one folder per class, lists, tars, shards."""
    test: tuple[str, ...] = ()
    """Labelled images to test them on, of the same names; without one a part is held out. A test
    set of another name goes with the only training set, or with X where it is `X:NAME=URL`."""
    labels: tuple[str, ...] = ()
    """File of labels of training images that lie flat, `NAME=FILE`; or one file for all."""
    test_labels: tuple[str, ...] = ()
    """The same for test images."""
    source: SourceConfig = field(default_factory=SourceConfig)
    """How the images and their labels are read."""
    shots: tuple[int, ...] = (1, 10)
    """Images of each class that a few-shot probe is fitted on; empty for no such probe."""
    num_seeds: int = 20
    """Draws of those images."""
    linear: bool = True
    """Fit a probe on all training images as well."""
    neighbours: int = 20
    """Neighbours that vote in k-NN; 0 for no k-NN."""
    held_out: int = 5
    """One of so many images of each class is tested on where there is no test set."""
    most_train_images: int = 100_000
    """Of larger training sets so many images are taken, as evenly over classes as they allow."""
    most_test_images: int = 50_000
    """The same for test sets."""
    breeds: str | None = None
    """Folder with the files of BREEDS, to probe superclasses under subpopulation shift with data
    sets whose labels are ImageNet's WordNet ids."""
    breeds_tasks: tuple[BreedsTask, ...] = ("entity13", "entity30", "living17", "nonliving26")
    """Which of its tasks."""
    breeds_splits: tuple[BreedsSplit, ...] = ("rand",)
    """How classes are dealt to source and target: at random, or with similar ones in both (good)
    or in one of the two (bad)."""

    def __post_init__(self) -> None:
        for shots in self.shots:
            at_least("downstream.shots", shots, 1)
        at_least("downstream.num_seeds", self.num_seeds, 2)
        at_least("downstream.neighbours", self.neighbours, 0)
        at_least("downstream.held_out", self.held_out, 2)
        at_least("downstream.most_train_images", self.most_train_images, 10)
        at_least("downstream.most_test_images", self.most_test_images, 10)
        if self.breeds is not None:
            object.__setattr__(self, "breeds", absolute_url(self.breeds))
        for flag in ("shots", "breeds_tasks", "breeds_splits"):
            values = getattr(self, flag)
            if len(set(values)) < len(values):
                raise ConfigError("one twice", "each once", f"--downstream.{_dashed(flag)}")
        for flag in ("test", "labels", "test_labels", "breeds"):
            if getattr(self, flag) and not self.train:
                raise ConfigError(
                    "given without training images", "--downstream.train as well",
                    f"--downstream.{_dashed(flag)}",
                )  # fmt: skip
        self._refuse_strangers()

    def train_sets(self) -> dict[str, tuple[str, ...]]:
        """Places of each training set by its name; without a name the last part of its path."""
        return _grouped((_name(text), _place(text)) for text in self.train)

    def test_sets(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """By training set and then by name, the places of test sets.

        A name that another training set's images are tested under too is written X:NAME.
        Raises ConfigError where it cannot be told which training set a test set goes with.
        """
        found: dict[str, list[tuple[str, str]]] = {name: [] for name in self.train_sets()}
        only = next(iter(found)) if len(found) == 1 else None
        for text in self.test:
            named = _NAMED.fullmatch(text)
            first, _, second = named.group(1).partition(":") if named else ("", "", "")
            home = first if first in found else only
            if home is None or (second and first not in found):
                raise ConfigError(
                    text, f"NAME=URL, or X:NAME=URL with X one of {', '.join(found)}",
                    "--downstream.test",
                )  # fmt: skip
            found[home].append((second or first or home, _place(text)))
        return _told_apart({home: _grouped(tests) for home, tests in found.items()})

    def labels_of(self, name: str, *, is_test: bool) -> str | None:
        """The file of labels of a data set's images, None where there is none."""
        files = self.test_labels if is_test else self.labels
        named = {_name(text): _place(text) for text in files if _NAMED.fullmatch(text)}
        plain = [text for text in files if not _NAMED.fullmatch(text)]
        found = named.get(name, plain[0] if plain else self.source.labels)
        return None if found is None else absolute_url(found)

    def _refuse_strangers(self) -> None:
        """Refuse labels of data sets that are not there, and more than one file for all."""
        known = {
            "labels": set(self.train_sets()),
            "test_labels": {name for tests in self.test_sets().values() for name in tests},
        }
        for flag, names in known.items():
            texts = getattr(self, flag)
            strangers = [t for t in texts if _NAMED.fullmatch(t) and _name(t) not in names]
            plain = [t for t in texts if not _NAMED.fullmatch(t)]
            if strangers or len(plain) > 1:
                raise ConfigError(
                    (strangers or plain[1:])[0],
                    f"NAME=FILE with NAME one of {', '.join(sorted(names)) or 'none'}",
                    f"--downstream.{_dashed(flag)}",
                )  # fmt: skip


def _name(text: str) -> str:
    """The name before `=`, or the last part of a path without its suffix."""
    named = _NAMED.fullmatch(text)
    if named:
        return named.group(1)
    last = absolute_url(text).rpartition("/")[2]
    return last.split(".")[0] or "data"


def _place(text: str) -> str:
    named = _NAMED.fullmatch(text)
    return named.group(2) if named else text


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for name, place in pairs:
        groups[name] = (*groups.get(name, ()), place)
    return groups


def _told_apart(
    sets: dict[str, dict[str, tuple[str, ...]]],
) -> dict[str, dict[str, tuple[str, ...]]]:
    """The test sets, `X:NAME` where more than one training set has NAME; a part held out has X."""
    homes = Counter(name for home, tests in sets.items() for name in tests or (home,))
    return {
        home: {f"{home}:{name}" if homes[name] > 1 else name: own for name, own in tests.items()}
        for home, tests in sets.items()
    }


def _dashed(flag: str) -> str:
    return flag.replace("_", "-")
