"""How many groups of an epoch are lost with broken shards, and when it is too many.

Counted over all ranks, so that every world stops at the same step, and kept in checkpoints.
"""

from alignet_ray.errors import RecordError
from alignet_ray.functional.planner import Layout


def lost_in_epoch(
    layout: Layout, step: int, lost: int, before: int, max_skipped_fraction: float
) -> int:
    """Groups lost in the epoch of a step, with the `lost` ones of this step and those `before` it.

    Raises RecordError where they are more than `max_skipped_fraction` of the epoch's groups.
    """
    epoch, place = layout.locate(step)
    total = lost if place == 0 else before + lost
    all_groups = layout.epoch(epoch).num_steps * layout.groups_per_step
    if total > max_skipped_fraction * all_groups:
        raise RecordError(
            f"{total} of the {all_groups} groups of epoch {epoch} are missing or broken",
            f"at most {max_skipped_fraction:g} of them", "the runs' shards",
            "Run verify on them, mend them, or raise --data.max-skipped-fraction.",
        )  # fmt: skip
    return total
