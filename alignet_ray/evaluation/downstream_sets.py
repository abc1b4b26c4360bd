"""Data sets of classification: their labelled images, what of them is used, and what is not.

All that can be told from labels alone is decided before anything is embedded. Everything left out
is counted: images without a label, test images of a class that the training set lacks, and images
beyond `most_train_images` and `most_test_images`, which are taken evenly over the classes.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int, Shaped

from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import ImageSet, downstream_flags, labelled_set
from alignet_ray.functional.probes import held_out_rows
from alignet_ray.functional.thinning import evenly_thinned
from alignet_ray.records.digests import Json
from alignet_ray.records.listing import listing_sha256
from alignet_ray.records.wording import quoted

_Labels = Int[np.ndarray, "images"]


@dataclass(frozen=True, kw_only=True)
class GivenTests:
    """A test set: its images, of classes that the training set has, and what was counted."""

    name: str
    images: ImageSet
    counts: Json


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Images to fit on, and to test on: a held-out part of them, or sets of their own.

    `is_test` is that part, over `images`; nothing where test sets are given.
    """

    name: str
    images: ImageSet
    is_test: Bool[np.ndarray, "images"]
    tests: tuple[GivenTests, ...]
    counts: Json


def read_data_sets(config: DownstreamConfig, seed: int) -> tuple[DataSet, ...]:
    """All of them, in the order given. Raises InputError where one cannot be used."""
    tests = config.test_sets()
    return tuple(
        _read_one(config, name, places, tests[name], seed)
        for name, places in config.train_sets().items()
    )


def _read_one(
    config: DownstreamConfig,
    name: str,
    places: tuple[str, ...],
    tests: dict[str, tuple[str, ...]],
    seed: int,
) -> DataSet:
    listing, counts = _labelled(config, name, places, is_test=False)
    classes = _classes(listing, name)
    labels = np.searchsorted(classes, np.array(listing.column("label").to_pylist()))
    is_test = np.zeros(len(labels), dtype=np.bool_)
    if not tests:
        is_test = held_out_rows(labels, seed, config.held_out, f"test of {name}")
    kept = _kept(labels, ~is_test, config.most_train_images, seed, name)
    if not tests:
        kept |= _kept(labels, is_test, config.most_test_images, seed, f"test of {name}")
    counts["num_beyond_the_most"] = int((~kept).sum())
    used = listing.filter(pa.array(kept))
    given = tuple(
        _read_tests(config, own, urls, used, classes, seed) for own, urls in tests.items()
    )
    images = _image_set(name, used)
    return DataSet(name=name, images=images, is_test=is_test[kept], tests=given, counts=counts)


def _read_tests(
    config: DownstreamConfig,
    name: str,
    places: tuple[str, ...],
    train: pa.Table,
    classes: Shaped[np.ndarray, "classes"],
    seed: int,
) -> GivenTests:
    listing, counts = _labelled(config, name, places, is_test=True)
    _refuse_shared(train, listing, name)
    is_known = np.isin(np.array(listing.column("label").to_pylist()), classes)
    if not is_known.any():
        own = sorted(set(listing.column("label").to_pylist()))
        raise InputError(
            f"test images of the classes {quoted(own)}, none of which is trained on",
            f"classes such as {quoted(classes[:3].tolist())}", name,
            "Label both sets alike (--downstream.labels, --downstream.test-labels).",
        )  # fmt: skip
    counts["num_of_unknown_classes"] = int((~is_known).sum())
    known = listing.filter(pa.array(is_known))
    labels = np.searchsorted(classes, np.array(known.column("label").to_pylist()))
    everything = np.ones(len(labels), dtype=np.bool_)
    kept = _kept(labels, everything, config.most_test_images, seed, f"test {name}")
    counts["num_beyond_the_most"] = int((~kept).sum())
    images = _image_set(f"{name} (test)", known.filter(pa.array(kept)))
    return GivenTests(name=name, images=images, counts=counts)


def _labelled(
    config: DownstreamConfig, name: str, places: tuple[str, ...], *, is_test: bool
) -> tuple[pa.Table, Json]:
    """The labelled images of a set, sorted by key; those without a label are counted."""
    source = replace(config.source, labels=config.labels_of(name, is_test=is_test))
    flags = downstream_flags(is_test=is_test, has_labels=source.labels != config.source.labels)
    listing = labelled_set(name, places, source, flags).listing
    is_labelled = listing.column("label").is_valid()
    found = listing.filter(is_labelled)
    flag = "--downstream.test-labels" if is_test else "--downstream.labels"
    if not found.num_rows:
        raise InputError(
            f"{listing.num_rows:,} images, none with a label", "labelled images",
            ", ".join(places), f"Put them in a folder per class, or give {flag}.",
        )  # fmt: skip
    counts: Json = {
        "listing_sha256": listing_sha256(listing),
        "num_images": listing.num_rows,
        "num_without_label": listing.num_rows - found.num_rows,
    }
    return found, counts


def _classes(listing: pa.Table, name: str) -> Shaped[np.ndarray, "classes"]:
    """Names of the classes, sorted."""
    classes = np.unique(np.array(listing.column("label").to_pylist()))
    if len(classes) < 2:
        raise InputError(
            f"one class only ({str(classes[0])!r})", "at least two", name,
            "Put images in a folder per class, or give --downstream.labels.",
        )  # fmt: skip
    return classes


def _kept(
    labels: _Labels, rows: Bool[np.ndarray, "images"], most: int, seed: int, purpose: str
) -> Bool[np.ndarray, "images"]:
    """Of the rows those that are used."""
    places = np.flatnonzero(rows)
    is_kept = np.zeros(len(labels), dtype=np.bool_)
    is_kept[places[evenly_thinned(labels[places], most, seed, purpose)]] = True
    return is_kept


def _refuse_shared(train: pa.Table, test: pa.Table, name: str) -> None:
    """Refuse a test set with images that are trained on: the same bytes of the same file."""
    places = [
        set(zip(*(own.column(part).to_pylist() for part in ("url", "offset")), strict=True))
        for own in (train, test)
    ]
    shared = places[0] & places[1]
    if shared:
        raise InputError(
            f"{len(shared):,} of its {test.num_rows:,} images are training images",
            "others", name, "Leave --downstream.test out: a part will be held out.",
        )  # fmt: skip


def _image_set(name: str, listing: pa.Table) -> ImageSet:
    return ImageSet(name=name, listing=listing.combine_chunks())
