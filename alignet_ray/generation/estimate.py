"""`--dry-run`: what a run would be and what is left to do of it, without writing anything.

Bytes and hours are estimated from a few images that are really read, decoded and stored, in
memory, and from batches of blank ones that pass through the backbone; requests from what was
counted of one part and one shard.
"""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from alignet_ray.config.generate import GenerateConfig
from alignet_ray.functional.groups import num_triplets
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.durations import Durations
from alignet_ray.generation.inputs import Inputs, refuse_missing_inputs
from alignet_ray.generation.job import embed_request, missing_parts, plan_inputs
from alignet_ray.generation.plan import RunPlan, SplitPlan
from alignet_ray.generation.requests import Requests, requests_of_parts, requests_of_shards
from alignet_ray.records import parts as part_record
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parts import read_sidecar
from alignet_ray.records.run import compare_settings, read_settings
from alignet_ray.records.shards import finished_numbers, shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed_rates import EmbedRates, try_embedding
from alignet_ray.stages.session import choose_device, ray_session

pc: Any = pyarrow.compute  # its functions are made when it is imported

_SAMPLE_IMAGES = 48
_FLOAT_BYTES = 4
_TAR_BLOCK = 512
_NPY_HEADER_BYTES = 128
_JSON_BYTES_PER_IMAGE = 64
_HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Bytes of a few stored copies, 0 for a reject; how fast they were made, where they were."""

    stored_bytes: tuple[int, ...]
    rates: EmbedRates | None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What is there and what a run would add; bytes and hours are estimates.

    `embed_hours` are those of one actor on the run's device, `decode_hours` of one core; None where
    another run's image table is used. `requests` is None for a run on a local disk.
    """

    device: str
    num_images: int
    num_forward_passes: int
    bytes_to_read: int
    embed_hours: float | None
    decode_hours: float | None
    table_bytes: float
    stored_image_bytes: float
    candidates: tuple[int, ...]
    num_classes: int | None
    splits: tuple["SplitEstimate", ...]
    is_new: bool
    rejected_in_sample: tuple[int, int]
    requests: Requests | None


@dataclass(frozen=True, kw_only=True)
class SplitEstimate:
    """A split as asked, and how many of its shards are there."""

    plan: SplitPlan
    num_triplets: int
    num_finished_shards: int
    bytes_to_write: float


def estimate(config: GenerateConfig) -> Estimate:
    """Plan the run and look at what is there. Raises what `generate` would raise so far."""
    root = Folder.at(config.output)
    refuse_missing_inputs(config, read_settings(root))
    with ray_session(config.resources):
        device = choose_device(config.resources)
        inputs, plan = plan_inputs(config, root, device, Durations())
        is_new = compare_settings(root, plan.settings) is None
        trial = _try(config, root, inputs, plan, device)
    return _estimate(root, inputs, plan, trial, device=device, is_new=is_new)


def _try(config: GenerateConfig, root: Folder, inputs: Inputs, plan: RunPlan, device: str) -> Trial:
    """A few of the images, decoded and stored in memory, and the backbone on blank ones."""
    if inputs.listing is None or inputs.backbone is None:  # another run's table: all is there
        sidecar = read_sidecar(inputs.images.folder(IMAGES_FOLDER), 0)
        first = max(1, len(plan.layout.rows(0)))
        vectors = first * _FLOAT_BYTES * inputs.settings["backbone"]["dim"]
        return Trial(stored_bytes=(max(0, sidecar["bytes"] - vectors) // first,), rates=None)
    count = min(_SAMPLE_IMAGES, inputs.listing.num_rows)
    stream = RandomStream(config.seed, "estimate")
    rows = stream.distinct_integers(np.array([inputs.listing.num_rows]), count)[0]
    request = embed_request(config, root, inputs.backbone, inputs.index, plan, device)
    rates = try_embedding(request, inputs.listing.take(rows).to_pylist())
    return Trial(stored_bytes=rates.stored_bytes, rates=rates)


def _estimate(
    root: Folder, inputs: Inputs, plan: RunPlan, trial: Trial, *, device: str, is_new: bool
) -> Estimate:
    sizes, rates = trial.stored_bytes, trial.rates
    missing = missing_parts(inputs.images, plan)
    num_missing = sum(len(plan.layout.rows(part)) for part in missing)
    accepted = [size for size in sizes if size > 0]
    mean_bytes = float(np.mean(accepted)) if accepted else 0.0
    member_bytes = float(np.mean([_member_bytes(size) for size in accepted or [0]]))
    share = num_missing / plan.layout.num_rows
    lengths = 0 if inputs.listing is None else int(np.sum(inputs.listing.column("length")))
    dim = inputs.settings["backbone"]["dim"]
    unassigned = part_record.missing_parts(root.folder(CLUSTERS_FOLDER), plan.layout.num_parts)
    to_assign = {*missing, *unassigned}
    num_unassigned = sum(len(plan.layout.rows(part)) for part in to_assign)
    table_bytes = num_missing * (mean_bytes + _FLOAT_BYTES * dim)
    table_bytes += num_unassigned * _FLOAT_BYTES * dim
    num_passes = _padded(plan, missing, inputs.settings["batch_size"])
    splits = tuple(
        _split_estimate(root, split, plan.settings.shards["strategy"], member_bytes)
        for split in plan.splits
    )
    num_asked = round(num_missing * share_in_stores(inputs.listing))
    requests = _requests(plan, splits, num_asked, len(missing), len(to_assign))
    return Estimate(
        device=device,
        num_images=plan.layout.num_rows,
        num_forward_passes=num_passes,
        bytes_to_read=round(lengths * share),
        embed_hours=None if rates is None else num_passes * rates.forward_seconds / _HOUR,
        decode_hours=None if rates is None else num_missing * rates.decode_seconds / _HOUR,
        table_bytes=table_bytes,
        stored_image_bytes=mean_bytes,
        candidates=plan.candidates,
        num_classes=None if inputs.labels is None else len(inputs.label_sizes),
        splits=splits,
        is_new=is_new,
        rejected_in_sample=(len(sizes) - len(accepted), len(sizes)),
        requests=None if root.is_local else requests,
    )


def share_in_stores(listing: pa.Table | None) -> float:
    """Share of the listed images that lie in object stores, and not on a disk; 0 of none."""
    if listing is None or not listing.num_rows:
        return 0.0
    return float(pc.mean(pc.match_substring(listing.column("url"), "://")).as_py())


def _requests(
    plan: RunPlan,
    splits: Sequence["SplitEstimate"],
    num_images: int,
    num_to_embed: int,
    num_to_assign: int,
) -> Requests:
    """Requests of a run whose records lie in an object store; `num_images` are read from one."""
    layout, total = plan.layout, Requests(writes=0, reads=0)
    for split in splits:
        own = layout.row_groups(split.plan.first_row, split.plan.last_row)
        pool = -(-plan.settings.shards["pool_rows"] // layout.row_group_rows)
        total += requests_of_shards(
            num_shards=split.plan.num_shards - split.num_finished_shards,
            pool_row_groups=min(pool, len(own)),
            num_parts=-(-split.plan.num_images // layout.part_rows),
        )
    return total + requests_of_parts(
        num_parts=layout.num_parts,
        num_to_embed=num_to_embed,
        num_to_assign=num_to_assign,
        num_images=num_images,
        row_groups=layout.part_rows // layout.row_group_rows,
    )


def _padded(plan: RunPlan, parts: list[int], batch_size: int) -> int:
    """Images that go through the backbone, with the padding of each part's last batch."""
    return sum(-(-len(plan.layout.rows(part)) // batch_size) * batch_size for part in parts)


def _split_estimate(
    root: Folder, split: SplitPlan, strategy: str, member_bytes: float
) -> SplitEstimate:
    numbers = finished_numbers(shard_folder(root, split.split).sizes().keys())
    finished = sum(number < split.num_shards for number in numbers)
    size = sum(split.blocks)
    matrix = _member_bytes(_NPY_HEADER_BYTES + _FLOAT_BYTES * size**2)
    group_bytes = size * member_bytes + matrix + _member_bytes(_JSON_BYTES_PER_IMAGE * size)
    shard_bytes = split.groups_per_shard * group_bytes + tarfile.RECORDSIZE
    return SplitEstimate(
        plan=split,
        num_triplets=split.num_groups * num_triplets(strategy, split.blocks),
        num_finished_shards=finished,
        bytes_to_write=(split.num_shards - finished) * shard_bytes,
    )


def _member_bytes(size: int) -> int:
    """What a file of that size takes in a tar: its header, and itself in whole blocks."""
    return _TAR_BLOCK + -(-size // _TAR_BLOCK) * _TAR_BLOCK
