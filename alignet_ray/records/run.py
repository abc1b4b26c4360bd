"""A run's `config.yaml`: the settings of its three chained stages and their digests.

Written before any record and read back ever after. images -> clusters -> shards: each digest
covers the one before, so what a shard was made from can be told from its digest alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from alignet_ray.config.plain_yaml import load_yaml
from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.records.digests import digest, refuse_other_settings
from alignet_ray.records.store import Folder

CONFIG_NAME = "config.yaml"
FORMAT_VERSION = 1
STAGES = ("images", "clusters", "shards")
_FLAGS = {f"{stage}.seed": "--seed" for stage in STAGES}

Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Resolved settings of each stage, as plain JSON values."""

    images: Settings
    clusters: Settings
    shards: Settings
    images_from: str | None = None
    """Root of the run whose listing and image table this one reads; in no digest."""

    @property
    def images_digest(self) -> str:
        """Digest of listing, backbone, preprocessing and stored format."""
        return digest({"version": FORMAT_VERSION, "images": self.images})

    @property
    def clusters_digest(self) -> str:
        """Digest of the images and of transform, number of clusters and seed."""
        return digest({"before": self.images_digest, "clusters": self.clusters})

    @property
    def shards_digest(self) -> str:
        """Digest of the clusters and of strategy, group, pool and split."""
        return digest({"before": self.clusters_digest, "shards": self.shards})

    def to_document(self) -> dict[str, Any]:
        """As `config.yaml` holds it."""
        digests = {stage: getattr(self, f"{stage}_digest") for stage in STAGES}
        stages = {stage: dict(getattr(self, stage)) for stage in STAGES}
        borrowed = {"images_from": self.images_from} if self.images_from else {}
        return {"version": FORMAT_VERSION, **borrowed, **stages, "digests": digests}

    def to_yaml(self) -> bytes:
        """The bytes of `config.yaml`."""
        return yaml.safe_dump(self.to_document(), sort_keys=False).encode()


def read_settings(root: Folder) -> RunSettings | None:
    """The settings a root was made with, or None for a new root."""
    if not root.exists(CONFIG_NAME):
        return None
    place = root.place(CONFIG_NAME)
    try:
        document = load_yaml(root.read(CONFIG_NAME))
        settings = RunSettings(
            **{stage: document[stage] for stage in STAGES}, images_from=document.get("images_from")
        )
        digests, version = document["digests"], document["version"]
        own_digests = settings.to_document()["digests"]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"unreadable ({error})", "the config of a run", place, "Restore it or use another root."
        ) from error
    if version != FORMAT_VERSION:
        raise RecordError(f"format version {version}", f"version {FORMAT_VERSION}", place)
    if digests != own_digests:
        raise RecordError(
            "its settings were edited by hand", "settings that give its digests", place,
            "Restore the file; other settings need another root.",
        )  # fmt: skip
    return settings


def image_root(root: Folder) -> Folder:
    """The root that holds a run's listing and image table: its own, or one it borrows from."""
    settings = read_settings(root)
    return Folder.at(settings.images_from) if settings and settings.images_from else root


def compare_settings(root: Folder, wanted: RunSettings) -> RunSettings | None:
    """The settings that a root was made with, None if it is new.

    Raises MismatchError that names every field in which they differ from those wanted. Where a
    borrowed image table lies may change; whether it is borrowed may not.
    """
    found = read_settings(root)
    if found is None:
        return None
    place = root.place(CONFIG_NAME)
    remedy = "Ask for the same settings or give another --output."
    if (found.images_from is None) != (wanted.images_from is None):
        own, borrowed = "its own images (--images)", f"those of {found.images_from} (--images-from)"
        first, second = (borrowed, own) if found.images_from else (own, "another run's")
        raise MismatchError(f"asked for {second}", f"{first}", place, remedy)
    for stage in STAGES:
        if stage != STAGES[0]:
            remedy = _on_the_same_images(root, found)
        refuse_other_settings(
            {stage: getattr(found, stage)}, {stage: getattr(wanted, stage)}, place, remedy, _FLAGS
        )
    return found


def _on_the_same_images(root: Folder, found: RunSettings) -> str:
    """What to do where only clusters or shards are asked for otherwise."""
    saved = "embeds nothing" if found.clusters else "reads no image"  # a converted run has none
    return (
        "Ask for the same settings, or make another run of the same images: "
        f"--images-from {root.url} --output NEW {saved} again."
    )


def freeze_settings(root: Folder, wanted: RunSettings) -> bool:
    """Write the settings of a new root, or refuse to go on where they differ from its own.

    Returns whether the root is new. Raises MismatchError that names every differing field.
    """
    found = compare_settings(root, wanted)
    if found is None or found.images_from != wanted.images_from:
        root.write(CONFIG_NAME, wanted.to_yaml())
    return found is None
