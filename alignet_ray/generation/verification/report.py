"""What a verification has found, and whether that is a sound run."""

from dataclasses import dataclass, field

from alignet_ray.errors import RecordError
from alignet_ray.generation.verification.findings import MISSING, Problem
from alignet_ray.generation.verification.orphans import Orphan
from alignet_ray.plurals import counted


@dataclass(frozen=True, kw_only=True)
class CheckedSplit:
    """Sound shards of a split, their groups, images (0 where quick) and bytes."""

    split: str
    num_shards: int = 0
    num_groups: int = 0
    num_draws: int = 0
    num_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How much was looked at: parts of both tables, images, rejects, bytes of sound parts."""

    num_parts: int = 0
    num_images: int = 0
    num_rejects: int = 0
    num_bytes: int = 0
    splits: tuple[CheckedSplit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VerifyReport:
    """The verdict on a run.

    `unrepairable` are the problems that no repair of this root mends, `remedies` what to do about
    them. `num_groups` are the training groups that a generated run has or had. `removable` are the
    files that a repair would remove: where records are only missing there may be none. `removed`
    is None where no repair was asked for.
    """

    root: str
    is_quick: bool
    problems: tuple[Problem, ...]
    unrepairable: tuple[Problem, ...] = ()
    remedies: tuple[str, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    not_checked: tuple[str, ...] = ()
    checked: Checked = field(default_factory=Checked)
    num_groups: int | None = None
    made_by: str = "jobs/generate.py"
    writer: str | None = None
    removable: tuple[str, ...] = ()
    removed: tuple[str, ...] | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def is_unfinished(self) -> bool:
        """Whether records are missing and all that are there are sound."""
        return not self.is_sound and all(p.wrong == MISSING for p in self.problems)

    def error(self) -> RecordError | None:
        """What a job ends with; None for a sound run and for one that was wholly repaired."""
        if self.removed is not None:
            if not self.unrepairable:
                return None
            found = f"{_count(self.unrepairable)} that cannot be repaired here"
            return RecordError(found, "a sound run", self.root, " ".join(self.remedies))
        if self.is_sound:
            return None
        if len(self.unrepairable) == len(self.problems):
            remedy = " ".join(self.remedies)
        elif self.removable:
            remedy = "Run this again with --repair, and then the command that made the run."
        else:
            remedy = "Run the command that made the run again: it makes what is missing."
        return RecordError(_count(self.problems), "a sound run", self.root, remedy)


def _count(problems: tuple[Problem, ...]) -> str:
    return counted(len(problems), "problem")
