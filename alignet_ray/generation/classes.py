"""What class strategies can draw of a split: images without a label are in no class.

Counted from the labels of the listing before anything is embedded, so that a dry run and the
summary tell the same truth. Rejects are not known then and count as images.
"""

from dataclasses import replace

import pyarrow as pa

from alignet_ray.generation.plan import RunPlan, SplitPlan


def with_drawable(plan: RunPlan, labels: pa.ChunkedArray | None) -> RunPlan:
    """The plan whose splits say how many of their images a group can have.

    `labels` are those of the listing where groups are drawn from classes; None leaves the plan.
    """
    if labels is None:
        return plan
    splits = tuple(replace(s, num_drawable=num_drawable(labels, s)) for s in plan.splits)
    return replace(plan, splits=splits)


def num_drawable(labels: pa.ChunkedArray, split: SplitPlan) -> int:
    """Images of the split in classes that have enough of them for the smallest block."""
    counts = labels.slice(split.first_row, split.num_images).drop_null().value_counts()
    sizes = counts.field("counts").to_numpy()
    return int(sizes[sizes >= min(split.blocks)].sum())
