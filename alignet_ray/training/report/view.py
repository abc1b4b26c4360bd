"""What the sections read: the student's record, the logs, the chosen triplets."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alignet_ray.records.digests import Json
from alignet_ray.records.student import Student
from alignet_ray.training.report.record import StudentFacts


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything that the page says. Logs may be empty, and `facts` None, where they are gone."""

    url: str
    student: Student
    steps: tuple[Json, ...]
    validations: tuple[Json, ...]
    facts: StudentFacts | None

    @property
    def name(self) -> str:
        """The last word of the folder's URL."""
        return self.url.rstrip("/").rpartition("/")[2] or self.url

    @property
    def settings(self) -> Json:
        """What decided the result."""
        return self.student.training.get("settings", {})

    @property
    def figures(self) -> Json:
        """Figures at the end of training."""
        return self.student.training.get("figures", {})

    @property
    def data(self) -> Json:
        """What was trained on; empty for a student of an earlier version."""
        return self.student.training.get("data", {})

    @cached_property
    def measured(self) -> tuple[Json, Json] | None:
        """Validation before and after; None where there was none, or none by strategy."""
        validation: dict[str, Any] | None = self.figures.get("validation")
        if not validation or "by_strategy" not in validation["after"]:
            return None
        return validation["before"], validation["after"]
