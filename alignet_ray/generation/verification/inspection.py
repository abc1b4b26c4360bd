"""The checks of a whole run, in the order in which one record vouches for the next.

Listing, centroids or triplets, then a task for each part, then one for each shard. Results are
small: a record is one problem or a few numbers. What hangs on a broken part is not called broken
too.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from alignet_ray.config.verify import VerifyConfig
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.inspected_shards import InspectedShards, inspect_shards
from alignet_ray.generation.verification.inspected_tables import (
    broken_parts,
    inspect_tables,
    inspect_triplets,
    with_triplets,
)
from alignet_ray.generation.verification.listing import check_listing
from alignet_ray.generation.verification.orphans import Orphan, Tree, find_orphans
from alignet_ray.generation.verification.report import Checked
from alignet_ray.generation.verification.rules import RunRules, layout_of
from alignet_ray.records.run import RunSettings
from alignet_ray.records.store import Folder
from alignet_ray.stages.tasks import run_task


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What all checks of a run's records found; `tree` are its files as they then were."""

    rules: RunRules
    tree: Tree = field(repr=False)
    problems: tuple[Problem, ...]
    orphans: tuple[Orphan, ...] = ()
    not_checked: tuple[str, ...] = ()
    checked: Checked = field(default_factory=Checked)
    num_groups: int | None = None


def inspect_records(
    root: Folder, settings: RunSettings, tree: Tree, config: VerifyConfig
) -> Inspection:
    """Check every record of a run whose settings are known. Runs on the Ray that is there."""
    lender = settings.images_from
    image_root = root if lender is None else Folder.at(lender)
    listing = run_task(check_listing, image_root, settings.images.get("listing"), config.quick)
    rules = RunRules(
        root=root,
        image_root=image_root,
        settings=settings,
        layout=layout_of(root, settings, listing.num_images or 0),
        listing=listing.index,
        is_quick=config.quick,
    )
    if listing.num_images is None:
        unknown = ("everything after the listing, which does not say how many images there are",)
        return Inspection(rules=rules, tree=tree, problems=listing.problems, not_checked=unknown)
    triplets = inspect_triplets(rules, config.resources) if rules.is_converted else {}
    rules = with_triplets(rules, triplets, tree)
    tables = inspect_tables(rules, config.resources)
    rules = dataclasses.replace(rules, num_fitted=tables.num_fitted)
    before = [problem for found in triplets.values() for problem in found.problems]
    before += tables.problems
    shards = inspect_shards(rules, tree, broken_parts(before), config.resources)
    return Inspection(
        rules=rules,
        tree=tree,
        problems=(*listing.problems, *before, *shards.problems),
        orphans=find_orphans(tree, rules, shards.num_listed),
        not_checked=(*listing.notes, *_not_checked(rules, shards)),
        checked=Checked(
            num_parts=rules.layout.num_parts,
            num_images=rules.layout.num_rows,
            num_rejects=tables.num_rejects,
            num_bytes=tables.num_bytes + sum(found.num_bytes for found in triplets.values()),
            splits=shards.checked,
        ),
        num_groups=shards.num_groups,
    )


def _not_checked(rules: RunRules, shards: InspectedShards) -> Iterator[str]:
    """What there was no way to compare, in words."""
    if rules.is_quick:
        yield "contents: --quick looks at presence, sizes and the digests in records alone"
        return
    if shards.num_unchecked:
        yield (
            f"{shards.num_unchecked:,} groups against the tables: images of theirs are in broken "
            "parts"
        )
    if shards.num_undrawn:
        what = "their triplets" if rules.is_converted else "their draws"
        yield (
            f"{shards.num_undrawn:,} shards against {what}: what tells these is broken or missing"
        )
    if not shards.is_temperature_known:
        yield "the matched teacher temperature: a validation shard is broken or missing"
    if rules.is_converted:
        yield "the released triplets themselves: their file is not here"
