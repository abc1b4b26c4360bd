"""Whether a shard is what its sidecar, its manifest and its settings say, byte by byte.

What the groups in it say of the tables is `groups`' question.
"""

import io
import tarfile
from dataclasses import dataclass

from alignet_ray.errors import RecordError
from alignet_ray.functional.sampling import PoolStatistics
from alignet_ray.generation.verification.expected import (
    ExpectedShard,
    Parts,
    expected_parts,
    expected_shard,
)
from alignet_ray.generation.verification.findings import (
    Problem,
    Record,
    examine,
    expect,
    expect_sha256,
    read_canonical,
    read_present,
    size_of_present,
)
from alignet_ray.generation.verification.groups import ShardContent, check_groups
from alignet_ray.generation.verification.rules import RunRules, SplitRule
from alignet_ray.generation.verification.truth import BrokenParts
from alignet_ray.records.digests import Json, differences, sha256
from alignet_ray.records.manifest import MANIFEST_NAME, ManifestShard
from alignet_ray.records.parts import read_sidecar as read_part_sidecar
from alignet_ray.records.shards import Shard, sample_key, shard_folder, sidecar_name, tar_name
from alignet_ray.records.store import Folder


@dataclass(frozen=True, kw_only=True)
class ShardItem:
    """One shard to check: its number, what it must be, and the manifest's line, if it has one."""

    shard: int
    rule: SplitRule
    line: ManifestShard | None


@dataclass(frozen=True, kw_only=True)
class ShardFinding:
    """A sound shard: its line in the manifest, its images, how many groups could not be compared
    with the tables, and whether their choice could be (neither where quick).
    """

    line: ManifestShard
    num_draws: int = 0
    num_unchecked: int = 0
    is_redrawn: bool = False


def check_shard(item: ShardItem, rules: RunRules, broken: BrokenParts) -> ShardFinding | Problem:
    """What the shard holds, or what is wrong with it."""
    record = Record(kind="shard", number=item.shard, split=item.rule.split)
    return examine(record, lambda: _shard(item, rules, broken))


def _shard(item: ShardItem, rules: RunRules, broken: BrokenParts) -> ShardFinding:
    folder = shard_folder(rules.root, item.rule.split)
    record, line = _sidecar(folder, item, rules)
    _check_parts(record, item, rules, broken, folder.place(sidecar_name(item.shard)))
    place = folder.place(tar_name(item.shard))
    if rules.is_quick:
        expect(size_of_present(folder, tar_name(item.shard)), record.bytes, "bytes", place)
        return ShardFinding(line=line)
    data = read_present(folder, tar_name(item.shard))
    expect(len(data), record.bytes, "bytes", place)
    expect_sha256(data, record.sha256, "its sidecar", place)
    check_members(data, record, place)
    expected = expected_shard(item.shard, item.rule, rules, broken, place)
    content = ShardContent(
        data=data, record=record, rule=item.rule, rules=rules, expected=expected, place=place
    )
    num_draws, num_unchecked = check_groups(content, broken)
    if expected is not None:
        _check_expected(record, expected, folder.place(sidecar_name(item.shard)))
    return ShardFinding(
        line=line,
        num_draws=num_draws,
        num_unchecked=num_unchecked,
        is_redrawn=expected is not None,
    )


def _check_expected(record: Shard, expected: ExpectedShard, place: str) -> None:
    """The statistics, and that the sidecar names exactly the parts that the shard is made from."""
    for name, found, wanted in differences(record.statistics, expected.statistics):
        raise RecordError(f"statistics: {name} {found!r}", f"{wanted!r}", place)
    _check_numbers(record, expected.parts, place)


def _check_numbers(record: Shard, wanted: Parts, place: str) -> None:
    for name, numbers in wanted.items():
        named = set(record.parts[name])
        for number in sorted(named ^ {f"{part:06d}" for part in numbers}):
            found = f"part {number} of {name}/ is {'named' if number in named else 'not named'}"
            raise RecordError(found, "exactly the parts that it is made from", place)


def _sidecar(folder: Folder, item: ShardItem, rules: RunRules) -> tuple[Shard, ManifestShard]:
    """The sidecar, seen to be of this shard and these settings, and its line in the manifest."""
    place = folder.place(sidecar_name(item.shard))
    fields, data = read_canonical(folder, sidecar_name(item.shard))
    try:
        taken: Json = {**fields, "samples": tuple(fields["samples"])}
        record = Shard(**taken)
        if not item.rule.is_converted:
            PoolStatistics(**record.statistics)
    except (KeyError, TypeError) as error:
        raise RecordError(f"fields {sorted(fields)}", "a shard's sidecar", place) from error
    expect(record.shard, item.shard, "shard", place)
    expect(record.split, item.rule.split, "split", place)
    expect(record.digest, rules.settings.shards_digest, "settings' digest", place)
    if item.line is not None:
        expect_sha256(data, item.line.sidecar_sha256, MANIFEST_NAME, place)
    most = item.rule.most_shards
    if most is not None and item.shard >= most:
        raise RecordError(f"shard {item.shard}", f"below {most}", place)
    num_groups = item.rule.num_groups(item.shard)
    if num_groups is not None:
        expect(record.num_groups, num_groups, "number of groups", place)
    line = ManifestShard(
        shard=record.shard,
        samples=record.num_groups,
        bytes=record.bytes,
        sha256=record.sha256,
        sidecar_sha256=sha256(data),
    )
    return record, line


def _check_parts(
    record: Shard, item: ShardItem, rules: RunRules, broken: BrokenParts, place: str
) -> None:
    """The shard was made from the parts that are there now, and from all that its number tells."""
    tables = rules.table_folders(item.rule.split)
    expect(sorted(record.parts), sorted(tables), "tables", place)
    for name, digests in record.parts.items():
        if not isinstance(digests, dict):
            raise RecordError(f"parts {digests!r} of {name}/", "SHA-256 by number", place)
        for number, digest in digests.items():
            part = _part_number(number, rules.num_parts(name), place)
            if part in broken.get(name, ()) or rules.num_parts(name) is None:
                continue
            now = read_part_sidecar(rules.folder_of(name), part)["sha256"]
            if digest != now:
                found = f"made from another part {part} of {name}/"
                raise RecordError(found, "the part that is there now", place)
    _check_numbers(record, expected_parts(item.shard, item.rule, rules), place)


def _part_number(number: str, num_parts: int | None, place: str) -> int:
    if not (number.isdecimal() and number == f"{int(number):06d}"):
        raise RecordError(f"part {number!r}", "a number of six digits", place)
    if num_parts is not None and int(number) >= num_parts:
        raise RecordError(f"part {number}", f"below {num_parts}", place)
    return int(number)


def check_members(data: bytes, record: Shard, place: str) -> None:
    """The tar, as Python's own `tarfile` walks it, holds the sidecar's members where it says, and
    every sample has its SHA-256. Raises RecordError otherwise.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            found = [(member.name, member.offset_data, member.size) for member in tar]
    except tarfile.TarError as error:
        raise RecordError(f"unreadable tar ({error})", "a WebDataset shard", place) from error
    try:
        wanted = [
            (f"{sample['key']}.{suffix}", offset, size)
            for sample in record.samples
            for suffix, offset, size in sample["members"]
        ]
        _check_samples(data, record, place)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"unreadable samples ({error})", "the tar's members", place) from error
    for at, (one, other) in enumerate(zip(found, wanted, strict=False)):
        expect(one, other, f"member {at} (name, offset, bytes)", place)
    expect(len(found), len(wanted), "number of members", place)


def _check_samples(data: bytes, record: Shard, place: str) -> None:
    """Samples follow each other in order and without a gap, each with its digest."""
    end = 0
    for number, sample in enumerate(record.samples):
        expect(sample["key"], sample_key(record.shard, number), "key", place)
        expect(sample["offset"], end, f"offset of group {sample['key']}", place)
        end += sample["bytes"]
        if sha256(memoryview(data)[sample["offset"] : end]) != sample["sha256"]:
            found = f"group {sample['key']} has another SHA-256"
            raise RecordError(found, "the one that its sidecar names", place)
