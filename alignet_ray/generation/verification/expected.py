"""What a shard must hold, by its number and the records that it is made from.

A generated shard is its draw, made again here; a converted one is a run of rows of `triplets/`.
Where a record that says it is broken itself, nothing is expected and no shard is blamed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float32, Int

from alignet_ray.errors import InputError, RecordError
from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.functional.released_triplets import triplet_gram
from alignet_ray.generation.conversion.triplets import read_triplets
from alignet_ray.generation.labelling import LabelRequest, draw_shard, pool_parts
from alignet_ray.generation.plan import SplitPlan
from alignet_ray.generation.verification.rules import RunRules, SplitRule, triplets_of
from alignet_ray.generation.verification.truth import BrokenParts
from alignet_ray.records.digests import Json
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.shards import Group

Parts = Mapping[str, list[int]]
"""Folder of parts -> numbers of those that a shard is made from."""


@dataclass(frozen=True, kw_only=True)
class ExpectedShard:
    """Images of each group, statistics and, where they were given, the Gram matrices.

    `source` says in words where all this is from.
    """

    source: str
    parts: Parts
    statistics: Json
    image_ids: Int[np.ndarray, "groups images"]
    similarities: Float32[np.ndarray, "groups images images"] | None = None

    def check(self, group: Group, number: int, key: str, place: str) -> None:
        """Raise RecordError where the group is another one than that of its number."""
        wanted = self.image_ids[number].tolist()
        for at, (found, image_id) in enumerate(zip(group.image_ids, wanted, strict=True)):
            if found != image_id:
                value = f"group {key}: image {found} at place {at}"
                raise RecordError(value, f"image {image_id} of {self.source}", place)
        if self.similarities is None:
            return
        given = self.similarities[number]
        other = np.argwhere(given.view(np.uint32) != group.similarities.view(np.uint32))
        if len(other):
            left, right = other[0].tolist()
            value = group.similarities[left, right]
            raise RecordError(
                f"group {key}: similarity ({left}, {right}) is {value!r}",
                f"{given[left, right]!r} of {self.source}",
                place,
            )


def label_request(rule: SplitRule, rules: RunRules) -> LabelRequest:
    """What generate draws the shards of a split from, as the settings froze it.

    The number of clusters is 0 where nobody knows it; no draw from clusters is made then.
    """
    shards = rules.settings.shards
    plan = SplitPlan(
        split=rule.split,
        first_row=rule.rows.start,
        last_row=rule.rows.stop,
        blocks=rule.blocks,
        groups_per_shard=rule.groups_per_shard,
        num_shards=rule.least_shards,
    )
    return LabelRequest(
        root=rules.root,
        images=rules.image_root,
        layout=rules.layout,
        split=plan,
        strategy=rule.strategy,
        pool_rows=shards["pool_rows"],
        num_clusters=rules.num_clusters or 0,
        seed=shards["seed"],
        settings_digest=rules.settings.shards_digest,
    )


def expected_parts(shard: int, rule: SplitRule, rules: RunRules) -> Parts:
    """The parts that the number alone tells: all of a draw's pool, a converted shard's triplets."""
    if not rule.is_converted:
        parts = pool_parts(shard, label_request(rule, rules))
        return dict.fromkeys(rules.table_folders(rule.split), parts)
    rows = rule.triplets(shard)
    if not rows:
        return {}
    size = rules.triplets[rule.split].part_rows
    first, last = rows.start // size, (rows.stop - 1) // size
    return {triplets_of(rule.split): list(range(first, last + 1))}


def expected_shard(
    shard: int, rule: SplitRule, rules: RunRules, broken: BrokenParts, place: str
) -> ExpectedShard | None:
    """What the shard must hold; None where that cannot be told."""
    parts = expected_parts(shard, rule, rules)
    if not parts or not (rule.is_converted or _can_draw(rule, rules)):
        return None
    read = {name: numbers for name, numbers in parts.items() if _is_read(name, rule)}
    if any(broken.get(name, frozenset()) & set(numbers) for name, numbers in read.items()):
        return None
    if rule.is_converted:
        return _converted(shard, rule, rules, parts)
    return _drawn(shard, rule, rules, parts, place)


def _can_draw(rule: SplitRule, rules: RunRules) -> bool:
    return rule.strategy in {*CLASS_STRATEGIES, "random"} or rules.num_clusters is not None


def _is_read(name: str, rule: SplitRule) -> bool:
    """Of the image table a draw reads labels, and these only to draw from classes."""
    return name != IMAGES_FOLDER or rule.strategy in CLASS_STRATEGIES


def _drawn(shard: int, rule: SplitRule, rules: RunRules, parts: Parts, place: str) -> ExpectedShard:
    try:
        draw = draw_shard(shard, label_request(rule, rules))
    except InputError as error:
        raise RecordError(f"groups, but {error.value}", "no shard", place) from error
    return ExpectedShard(
        source="the draw of its number",
        parts=parts,
        statistics=asdict(draw.statistics),
        image_ids=draw.image_ids,
    )


def _converted(shard: int, rule: SplitRule, rules: RunRules, parts: Parts) -> ExpectedShard:
    rows, name = rule.triplets(shard), triplets_of(rule.split)
    assert rows is not None
    layout = rules.triplets[rule.split].layout
    ids, pairs = read_triplets(rules.root.folder(name), layout, rows.start, rows.stop)
    image_parts = np.unique(ids // rules.layout.part_rows).tolist()
    return ExpectedShard(
        source=f"row of {name} with its number",
        parts={**parts, IMAGES_FOLDER: image_parts},
        statistics={},
        image_ids=ids,
        similarities=np.stack([triplet_gram(row) for row in pairs]),
    )
