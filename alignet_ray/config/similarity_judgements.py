"""Settings of the representational similarity part of `jobs/evaluate.py`."""

from dataclasses import dataclass
from typing import Literal, get_args

from alignet_ray.config.checks import at_least
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError

MatrixKind = Literal["similarity", "dissimilarity"]
KINDS: tuple[MatrixKind, ...] = get_args(MatrixKind)


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One human similarity matrix: what it is called, where it lies, and what it is of."""

    name: str
    matrix: str
    images: str
    names: str | None
    kind: MatrixKind
    variable: str | None


@dataclass(frozen=True, kw_only=True)
class SimilarityJudgementsConfig:
    """Human similarity matrices, one or several domains, each with its images.

    Every value may be `DOMAIN=VALUE`. A matrix without a domain is called by its file; any other
    value without one serves all domains that have none of their own.
    """

    matrices: tuple[str, ...] = ()
    """Human similarities or distances of each domain: .npy, .mat, .csv; one matrix, or one per
    participant."""
    images: tuple[str, ...] = ()
    """Folder of the images of each domain, `<id>.jpg` or `<id>_01b.jpg`."""
    names: tuple[str, ...] = ()
    """Image ids in the order of the matrix's rows, one a line; default those of the matrix file,
    else the images' sorted names."""
    kinds: tuple[str, ...] = ()
    """`similarity` (default) or `dissimilarity`: what the numbers of the matrix are."""
    variables: tuple[str, ...] = ()
    """Array of a .mat file that holds several."""
    most_resampled: int = 2000
    """Intervals resample the images of domains with at most so many."""

    def __post_init__(self) -> None:
        at_least("similarity.most_resampled", self.most_resampled, 0)
        names = self._names()
        for flag in ("images", "names", "kinds", "variables"):
            values = self._by_domain(flag)
            unknown = [name for name in values if name is not None and name not in names]
            if unknown:
                raise ConfigError(
                    f"domain {unknown[0]!r}", f"one of {', '.join(names) or '(no matrix)'}",
                    f"--similarity.{flag}", "Name it as the matrix is named.",
                )  # fmt: skip
        for kind in self._by_domain("kinds").values():
            if kind not in KINDS:
                raise ConfigError(repr(kind), " or ".join(KINDS), "--similarity.kinds")
        if not self.images:
            return  # the part is left out, or refused where it is asked for
        for name in names:
            if self._of("images", name) is None:
                raise ConfigError(
                    f"no images of {name}", f"{name}=FOLDER", "--similarity.images",
                    "Or give one folder without a domain, which serves all.",
                )  # fmt: skip

    def domains(self) -> tuple[Domain, ...]:
        """The domains in the order of the matrices. Call it where images are given."""
        found: list[Domain] = []
        for name, text in zip(self._names(), self.matrices, strict=True):
            images, names = self._of("images", name), self._of("names", name)
            assert images is not None, "looked at when the settings were made"
            kind = self._of("kinds", name)
            found.append(
                Domain(
                    name=name,
                    matrix=absolute_url(_split(text)[1]),
                    images=absolute_url(images),
                    names=absolute_url(names) if names else None,
                    kind="dissimilarity" if kind == "dissimilarity" else "similarity",
                    variable=self._of("variables", name),
                )
            )
        return tuple(found)

    def _names(self) -> tuple[str, ...]:
        """What each matrix is called: as given, or as its file."""
        names = [
            given or place.rstrip("/").rpartition("/")[2].rpartition(".")[0] or place
            for given, place in map(_split, self.matrices)
        ]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ConfigError(
                f"two domains called {doubled[0]!r}", "a name of its own for each",
                "--similarity.matrices", "Write them as DOMAIN=URL.",
            )  # fmt: skip
        return tuple(names)

    def _by_domain(self, flag: str) -> dict[str | None, str]:
        values: dict[str | None, str] = {}
        for text in getattr(self, flag):
            name, value = _split(text)
            if name in values:
                raise ConfigError(
                    f"two values {f'of {name}' if name else 'without a domain'}", "one",
                    f"--similarity.{flag}", "Write DOMAIN=VALUE.",
                )  # fmt: skip
            values[name] = value
        return values

    def _of(self, flag: str, domain: str) -> str | None:
        values = self._by_domain(flag)
        return values.get(domain, values.get(None))


def _split(text: str) -> tuple[str | None, str]:
    """Domain and value of `DOMAIN=VALUE`; no domain where what is before `=` is part of a path."""
    name, equals, value = text.partition("=")
    return (name, value) if equals and name and "/" not in name else (None, text)
