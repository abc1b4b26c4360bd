"""AligNet on Ray: distil human similarity judgements into any vision model."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignet_ray.loading import AlignedStudent, load_student

__all__ = ["AlignedStudent", "__version__", "load_student"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What needs torch comes when it is asked for: `--help` does not wait for it."""
    if name in ("AlignedStudent", "load_student"):
        from alignet_ray import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
