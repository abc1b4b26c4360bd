"""Settings of `jobs/convert.py`. Which of its two directions is meant follows from the flags."""

from dataclasses import MISSING, dataclass, field, fields
from typing import Literal

from alignet_ray.config.checks import above, at_least, flag, within
from alignet_ray.config.generate import StoredConfig, Strategy
from alignet_ray.config.resources import RayResources
from alignet_ray.errors import ConfigError

_IN = "--triplets FILE.npz --images FOLDER --output RUN"
_OUT = "--run RUN --output-npz FILE.npz"
_OF_BOTH = ("seed", "resources")
_OF_OUT = ("run", "split", "output_npz", "max_triplets_per_group")
_OF_OWN_TABLE = ("seed", "stored", "table")


@dataclass(frozen=True, kw_only=True)
class TableConfig:
    """How the image table is cut into files."""

    part_rows: int = 512
    """Images in one file of the image table."""
    row_group_rows: int = 128
    """Images in one row group."""

    def __post_init__(self) -> None:
        at_least("table.row_group_rows", self.row_group_rows, 1)
        if self.part_rows < 1 or self.part_rows % self.row_group_rows:
            raise ConfigError(
                f"{self.part_rows}", f"a multiple of row_group_rows ({self.row_group_rows})",
                "--table.part-rows",
            )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ConvertConfig:
    """The authors' released triplets to a run that train takes, or a run's to their layout.

    In: --triplets FILE.npz --images FOLDER --output RUN.
    Out: --run RUN --output-npz FILE.npz.
    """

    triplets: str | None = None
    """In: `.npz` of training triplets with `filenames` and `similarities`, at any fsspec URL."""
    validation_triplets: str | None = None
    """In: the same for validation."""
    images: str | None = None
    """In: folder of the images that the names mean; only those that are named are taken."""
    images_from: str | None = None
    """In: a run whose image table is taken instead, so that no image is read again."""
    output: str | None = None
    """In: root of the new run."""
    strategy: Strategy = "cluster_border"
    """In: how the triplets were sampled."""
    max_triplets: int | None = None
    """In: at most the first so many rows of each file."""
    groups_per_shard: int | None = None
    """In: triplets in one shard; default so that there are at least 16 shards of bounded size."""
    teacher_temperature: float = 1.0
    """In: temperature of the soft labels, handed to the trainer."""
    skip_missing: bool = False
    """In: drop triplets that name an image that is not there, instead of stopping."""
    max_rejected_fraction: float = 0.01
    """In: more broken images than this, of the named ones, stop the job."""
    stored: StoredConfig = field(default_factory=StoredConfig)
    """In: copies of images in shards."""
    table: TableConfig = field(default_factory=TableConfig)
    """In: files of the image table."""

    run: str | None = None
    """Out: root of the run whose triplets are written."""
    split: Literal["train", "validation"] = "train"
    """Out: which of its splits."""
    output_npz: str | None = None
    """Out: the file, at any fsspec URL."""
    max_triplets_per_group: int | None = None
    """Out: at most so many triplets of each group, drawn by the seed; default all."""

    seed: int = 0
    """In: seed of the order of the images. Out: seed of the drawn triplets."""
    resources: RayResources = field(default_factory=RayResources)
    """Machines."""

    def __post_init__(self) -> None:
        at_least("max_triplets", self.max_triplets, 1)
        at_least("groups_per_shard", self.groups_per_shard, 1)
        above("teacher_temperature", self.teacher_temperature, 0)
        within("max_rejected_fraction", self.max_rejected_fraction, 0, 1)
        at_least("max_triplets_per_group", self.max_triplets_per_group, 1)
        at_least("seed", self.seed, 0)
        given = self._given()
        outward = [name for name in given if name in _OF_OUT]
        inward = [name for name in given if name not in (*_OF_OUT, *_OF_BOTH)]
        if bool(outward) == bool(inward):
            found = f"{flag(inward[0])} beside {flag(outward[0])}" if inward else "no direction"
            raise ConfigError(found, f"`{_IN}` or `{_OUT}`", remedy="See --help.")
        if outward:
            self._require(("run", "output_npz"), _OUT)
            if "seed" in given and self.max_triplets_per_group is None:
                raise ConfigError(
                    f"{self.seed} where all triplets are taken",
                    "--max-triplets-per-group beside it", "--seed",
                )  # fmt: skip
        else:
            self._check_inward(given)

    @property
    def is_outward(self) -> bool:
        """Whether a run's triplets are written to a file, rather than a file's to a run."""
        return self.run is not None

    def _given(self) -> list[str]:
        """Fields that differ from their defaults."""
        names: list[str] = []
        for item in fields(self):
            made = item.default_factory
            default = item.default if made is MISSING else made()
            if getattr(self, item.name) != default:
                names.append(item.name)
        return names

    def _require(self, names: tuple[str, ...], usage: str) -> None:
        missing = [flag(name) for name in names if getattr(self, name) is None]
        if missing:
            raise ConfigError(f"missing {', '.join(missing)}", f"`{usage}`", remedy="See --help.")

    def _check_inward(self, given: list[str]) -> None:
        self._require(("triplets", "output"), _IN)
        if (self.images is None) == (self.images_from is None):
            raise ConfigError(
                "neither given" if self.images is None else "both given",
                "exactly one of the two", "--images and --images-from",
            )  # fmt: skip
        idle = [flag(name) for name in given if name in _OF_OWN_TABLE]
        if self.images_from is not None and idle:
            raise ConfigError(
                f"{', '.join(idle)} beside --images-from", "the image table as it is there",
                remedy="Leave them out, or give --images.",
            )  # fmt: skip
