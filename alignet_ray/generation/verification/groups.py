"""Whether every group of a shard is what its number, the tables and the strategy make it.

The truth about the drawn images is kept as digests, so that a check holds a shard and one part's
row groups, however large the table is. An image that equals the image table's needs no decoding
of its own: there each image is decoded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

from alignet_ray.errors import RecordError
from alignet_ray.functional.groups import CLASS_STRATEGIES, strategy_fault
from alignet_ray.functional.similarity import gram_matrix
from alignet_ray.generation.verification.expected import ExpectedShard
from alignet_ray.generation.verification.findings import expect
from alignet_ray.generation.verification.parts import check_image
from alignet_ray.generation.verification.rules import RunRules, SplitRule
from alignet_ray.generation.verification.truth import BrokenParts, Truth, read_truth
from alignet_ray.records.clusters import REJECTED
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
from alignet_ray.records.shards import Group, Shard, ShardWriter, group_of_members

_META = "json"


@dataclass(frozen=True, kw_only=True)
class ShardContent:
    """A tar whose members are where its sidecar says, and what it must hold (None: nobody knows,
    because what it was made from is broken).
    """

    data: bytes
    record: Shard
    rule: SplitRule
    rules: RunRules
    expected: ExpectedShard | None
    place: str


def check_groups(content: ShardContent, broken: BrokenParts) -> tuple[int, int]:
    """Images in all groups, and groups that could not be wholly compared with the tables.

    Raises RecordError at the first group that is not what it must be.
    """
    record, place = content.record, content.place
    drawn = [_image_ids(content, sample) for sample in record.samples]
    truth = read_truth((i for ids in drawn for i in ids), content.rules, broken)
    writer = ShardWriter(record.shard)
    num_draws = num_unchecked = 0
    for number, sample in enumerate(record.samples):
        group = _group(content, sample)
        is_whole = _check_group(group, sample["key"], content, truth)
        if content.expected is not None:
            content.expected.check(group, number, sample["key"], place)
        num_draws += len(group.images)
        num_unchecked += not is_whole
        writer.add(group)
    rebuilt = writer.finish()
    if b"".join(rebuilt.pieces) != content.data or rebuilt.samples != tuple(record.samples):
        raise RecordError("other bytes around its groups", "the tar that these groups give", place)
    return num_draws, num_unchecked


def _member(content: ShardContent, sample: Json, wanted: str) -> bytes:
    for suffix, offset, size in sample["members"]:
        if suffix == wanted:
            return content.data[offset : offset + size]
    raise RecordError(f"group {sample['key']}: no {wanted}", "one in every group", content.place)


def _image_ids(content: ShardContent, sample: Json) -> list[int]:
    """Image ids of a group: inside the split's rows, no image twice."""
    key, rows, place = sample["key"], content.rule.rows, content.place
    found: Any = parse_json(_member(content, sample, _META), place).get("image_ids")
    if not isinstance(found, list) or not all(type(i) is int for i in found):
        raise RecordError(f"group {key}: image ids {found!r}", "numbers", place)
    outside = [image_id for image_id in found if image_id not in rows]
    if outside:
        wanted = f"one of the rows {rows.start} to {rows.stop - 1} of {content.rule.split}"
        raise RecordError(f"group {key}: image {outside[0]}", wanted, place)
    if len(set(found)) < len(found):
        raise RecordError(f"group {key}: an image twice", "different images", place)
    return found


def _group(content: ShardContent, sample: Json) -> Group:
    """The group of a sample, whose JSON is exactly what the group's fields give."""
    key, place = sample["key"], content.place
    members = {
        suffix: content.data[offset : offset + size] for suffix, offset, size in sample["members"]
    }
    try:
        group = group_of_members(members, key)
        is_canonical = canonical_json(group.meta()) == members[_META]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        wanted = "images, similarities and JSON"
        raise RecordError(f"group {key} is unreadable ({error})", wanted, place) from error
    if not is_canonical:
        raise RecordError(f"group {key}: altered JSON", "the one text of its values", place)
    if not all(type(number) is int for number in group.cluster_ids):
        raise RecordError(f"group {key}: cluster ids {group.cluster_ids}", "numbers", place)
    if not {type(label) for label in group.labels} <= {str, type(None)}:
        raise RecordError(f"group {key}: labels {group.labels}", "texts", place)
    return group


def _check_group(group: Group, key: str, content: ShardContent, truth: Truth) -> bool:
    """Whether all of a group could be compared; what could be is what it must be."""
    rule, rules, place = content.rule, content.rules, content.place
    size = sum(rule.blocks)
    for name in ("images", "image_ids", "keys", "labels", "cluster_ids"):
        expect(len(getattr(group, name)), size, f"group {key}: number of {name}", place)
    expect(group.strategy, rule.strategy, f"group {key}: strategy", place)
    expect(group.blocks, rule.blocks, f"group {key}: blocks", place)
    has_images = _check_images(group, key, truth, place)
    _check_matrix(group.similarities, f"group {key}", place)
    if rules.is_converted:
        _check_converted(group, key, place)
        return has_images
    has_clusters = _check_clusters(group, key, truth, place)
    ids = _class_ids(group) if group.strategy in CLASS_STRATEGIES else np.array(group.cluster_ids)
    fault = strategy_fault(group.strategy, group.blocks, ids)
    if fault is not None:
        raise RecordError(f"group {key}: {fault}", f"what {group.strategy} asks for", place)
    return has_images and has_clusters


def _check_images(group: Group, key: str, truth: Truth, place: str) -> bool:
    """Keys, labels and images are the table's; those that cannot be compared must decode."""
    is_whole = True
    rows = zip(
        group.image_ids, group.keys, group.labels, group.images, group.extensions, strict=True
    )
    for image_id, image_key, label, image, extension in rows:
        row = truth.images.get(image_id)
        if row is None:
            check_image(image, extension, f"group {key}, {image_key},", place)
            is_whole = False
            continue
        name = f"group {key}: image {image_id} has"
        if row.sha256 is None:
            raise RecordError(f"group {key}: image {image_id}, a reject", "no rejects", place)
        expect((image_key, label), (row.key, row.label), f"{name} key and label", place)
        if sha256(image) != row.sha256 or extension != row.extension:
            raise RecordError(f"{name} other bytes", "those stored in the image table", place)
    return is_whole


def _check_clusters(group: Group, key: str, truth: Truth, place: str) -> bool:
    """Cluster ids are the table's, and similarities are the embeddings' exact dot products."""
    if REJECTED in group.cluster_ids:
        raise RecordError(f"group {key}: an image without a cluster", "no rejects", place)
    for image_id, cluster_id in zip(group.image_ids, group.cluster_ids, strict=True):
        if image_id in truth.cluster_ids:
            wanted = truth.cluster_ids[image_id]
            expect(cluster_id, wanted, f"group {key}: image {image_id} has cluster", place)
    if not all(image_id in truth.embeddings for image_id in group.image_ids):
        return False
    wanted = gram_matrix(np.stack([truth.embeddings[image_id] for image_id in group.image_ids]))
    other = np.argwhere(wanted.view(np.uint32) != group.similarities.view(np.uint32))
    if len(other):
        left, right = other[0].tolist()
        raise RecordError(
            f"group {key}: similarity ({left}, {right}) is {group.similarities[left, right]!r}",
            f"{wanted[left, right]!r}, the dot product of the transformed embeddings",
            place,
        )
    return True


def _check_matrix(
    similarities: Float32[np.ndarray, "images images"], name: str, place: str
) -> None:
    if not np.isfinite(similarities).all():
        raise RecordError(f"{name}: a similarity is not finite", "numbers", place)
    if not np.array_equal(similarities, similarities.T):
        raise RecordError(f"{name}: similarities are not symmetric", "a Gram matrix", place)


def _check_converted(group: Group, key: str, place: str) -> None:
    """Of a converted triplet the diagonal is unknown, 0, and nobody knows its clusters."""
    if group.similarities.diagonal().any():
        raise RecordError(f"group {key}: a diagonal", "0, which is unknown", place)
    expect(set(group.cluster_ids), {REJECTED}, f"group {key}: clusters", place)


def _class_ids(group: Group) -> Int[np.ndarray, "images"]:
    """Labels as numbers; -1 for none."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(group.labels))}
    return np.array([-1 if label is None else numbers[label] for label in group.labels])
