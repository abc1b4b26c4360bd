"""Everything that the page says, gathered from the records before a line of it is written."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.groups import least_cluster_size, num_triplets
from alignet_ray.functional.temperature import matching_temperature
from alignet_ray.generation.report.counting import (
    ClusterSizes,
    Rejects,
    TaskMap,
    count_cluster_sizes,
    count_draws,
    count_rejects,
)
from alignet_ray.generation.report.run_records import RunRecords
from alignet_ray.generation.report.samples import SplitSample, sample_split
from alignet_ray.generation.report.sheets import Sheet, contact_sheets
from alignet_ray.generation.splits import expected_coverage
from alignet_ray.records.manifest import Manifest

NEARLY_ONE_HOT, NEARLY_UNIFORM = 0.02, 1.09
"""Entropies, in nats, below and above which a soft label says little more than one choice, or
nothing."""
HUMAN_ENTROPY = 0.73
"""Mean entropy of people's choices on the 1,000 repeated THINGS triplets, in nats."""
_WORTH_SAYING = 0.2


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """Counts of a split; `draws` are of each image that was drawn at all, None if not counted."""

    manifest: Manifest
    draws: Int[np.ndarray, "images"] | None

    @property
    def num_triplets(self) -> int:
        """Triplets in all groups."""
        manifest = self.manifest
        return manifest.num_groups * num_triplets(manifest.strategy, manifest.blocks)

    @property
    def num_draws(self) -> int:
        """Images in all groups, as often as they come."""
        return self.manifest.num_groups * sum(self.manifest.blocks)

    @property
    def num_bytes(self) -> int:
        """Bytes of all shards."""
        return sum(line.bytes for line in self.manifest.shards)

    @property
    def expected_coverage(self) -> float:
        """Expected share of the split's images in at least one group."""
        return expected_coverage(self.manifest.num_images, self.num_draws)

    @property
    def coverage(self) -> float | None:
        """Share of the split's images that are in at least one group; None if not counted."""
        return None if self.draws is None else len(self.draws) / self.manifest.num_images

    @property
    def images_by_draws(self) -> Int[np.ndarray, "counts"] | None:
        """Images drawn 0, 1, 2, ... times; None if not counted."""
        if self.draws is None:
            return None
        times = np.bincount(self.draws, minlength=1)
        times[0] = self.manifest.num_images - len(self.draws)
        return times


@dataclass(frozen=True, kw_only=True)
class EntropyFacts:
    """Label entropy of a split's sampled triplets, in nats."""

    split: str
    entropies: Float[np.ndarray, "triplets"]
    teacher_temperature: float
    human_temperature: float | None
    """Teacher temperature at which the mean would be that of people's choices, if there is one."""

    @property
    def mean(self) -> float:
        """Mean entropy."""
        return float(self.entropies.mean())

    @property
    def one_hot_share(self) -> float:
        """Share of labels that are nearly one-hot."""
        return float((self.entropies < NEARLY_ONE_HOT).mean())

    @property
    def uniform_share(self) -> float:
        """Share of labels that are nearly uniform."""
        return float((self.entropies > NEARLY_UNIFORM).mean())

    @property
    def verdict(self) -> str:
        """`hard`, `soft` or `sound`: what a user should do about it, if anything."""
        if self.one_hot_share > _WORTH_SAYING and self.one_hot_share >= self.uniform_share:
            return "hard"
        return "soft" if self.uniform_share > _WORTH_SAYING else "sound"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All of it; a converted run has no cluster sizes and no sheets."""

    run: RunRecords
    splits: tuple[SplitFacts, ...]
    samples: tuple[SplitSample, ...]
    rejects: Rejects
    sizes: ClusterSizes | None
    sheets: tuple[Sheet, ...]

    @property
    def least_cluster_size(self) -> int | None:
        """Images that a cluster must have for a training block, if groups come from clusters."""
        manifest = self.splits[0].manifest
        least = least_cluster_size(manifest.strategy, manifest.blocks)
        return least if least > 1 else None


def gather(run: RunRecords, mapped: TaskMap) -> Facts:
    """Read what the page needs, by tasks wherever it grows with the run."""
    sizes = count_cluster_sizes(run, mapped) if run.cluster_index else None
    samples = {
        manifest.split: sample
        for manifest, sample in mapped(sample_split, run.manifests, run.root, run.seed)
    }
    return Facts(
        run=run,
        splits=tuple(
            SplitFacts(manifest=m, draws=count_draws(run, m, mapped)) for m in run.manifests
        ),
        samples=tuple(samples[manifest.split] for manifest in run.manifests),
        rejects=count_rejects(run, mapped),
        sizes=sizes,
        sheets=contact_sheets(run, sizes, mapped) if sizes else (),
    )


def entropy_facts(sample: SplitSample) -> EntropyFacts:
    """Label entropy of what was sampled of a split."""
    return EntropyFacts(
        split=sample.split,
        entropies=sample.entropies,
        teacher_temperature=sample.teacher_temperature,
        human_temperature=_human_temperature(sample.similarities),
    )


def _human_temperature(similarities: Float[np.ndarray, "triplets 3"]) -> float | None:
    try:
        return matching_temperature(similarities, HUMAN_ENTROPY)
    except ValueError:  # no temperature gives it: most triplets are ties
        return None
