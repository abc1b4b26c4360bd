"""A small real run, made once by the real job; every test spoils a copy of its own."""

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from alignet_ray.config.convert import ConvertConfig, TableConfig
from alignet_ray.config.generate import StoredConfig
from alignet_ray.config.resources import Resources
from alignet_ray.generation.conversion.job import convert_triplets
from alignet_ray.generation.verification.centroids import check_centroids
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.inspected_shards import shard_items, split_problems
from alignet_ray.generation.verification.inspected_tables import (
    broken_parts,
    rejected_images,
    with_triplets,
)
from alignet_ray.generation.verification.listing import check_listing
from alignet_ray.generation.verification.manifests import check_manifest
from alignet_ray.generation.verification.rules import RunRules, layout_of
from alignet_ray.generation.verification.settings import check_settings
from alignet_ray.generation.verification.shards import check_shard
from alignet_ray.generation.verification.tables import check_part
from alignet_ray.generation.verification.triplets import check_rejects, check_triplets
from alignet_ray.records.clusters import COLUMNS as CLUSTER_COLUMNS
from alignet_ray.records.digests import canonical_json, parse_json, sha256
from alignet_ray.records.image_table import COLUMNS as IMAGE_COLUMNS
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import part_name, read_sidecar, write_part
from alignet_ray.records.run import image_root, read_settings
from alignet_ray.records.shards import (
    Group,
    read_groups,
    shard_folder,
    write_shard,
)
from alignet_ray.records.shards import read_sidecar as read_shard_sidecar
from alignet_ray.records.store import Folder

QUIET = Resources(num_cpus=2, progress=False)
NUM_IMAGES, NUM_CLASSES = 64, 4
JOBS = Path(__file__).resolve().parents[3] / "jobs"
_FACTS = ("num_images", "rejects", "images_sha256", "sizes")
BROKEN = ("class0/0008.jpg", "class1/0009.jpg")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A copy of the run, and what the checkers say of it without Ray."""

    path: Path

    @property
    def root(self) -> Folder:
        return Folder.at(str(self.path))

    @property
    def files(self) -> dict[str, bytes]:
        found = (p for p in self.path.rglob("*") if p.is_file())
        names = {str(p.relative_to(self.path)): p for p in found}
        unrecorded = ("logs/", "report/")  # the report names the root, which a copy has not
        return {n: p.read_bytes() for n, p in names.items() if not n.startswith(unrecorded)}

    def rules(self, *, is_quick: bool = False) -> RunRules:
        settings, lender = read_settings(self.root), image_root(self.root)
        listing = check_listing(lender, settings.images["listing"], is_quick)
        return RunRules(
            root=self.root, image_root=lender, settings=settings,
            layout=layout_of(self.root, settings, listing.num_images),
            listing=listing.index, is_quick=is_quick,
        )  # fmt: skip

    def problems(self, *, is_quick: bool = False) -> list[Problem]:
        """All problems of all records, one after the other, as `inspection` finds them."""
        settings, problems = check_settings(self.root)
        if settings is None:
            return list(problems)
        listing = check_listing(image_root(self.root), settings.images["listing"], is_quick)
        found = [*problems, *listing.problems]
        if listing.num_images is None:
            return found
        rules = self.rules(is_quick=is_quick)
        triplets = {}
        if rules.is_converted:
            triplets = {rule.split: check_triplets(rule.split, rules) for rule in rules.splits}
            found += [problem for finding in triplets.values() for problem in finding.problems]
            rules = with_triplets(rules, triplets, self.root.tree())
        centroids = check_centroids(rules) if rules.has_clusters else None
        if isinstance(centroids, Problem):
            found.append(centroids)
            centroids = None
        findings = [check_part(n, rules, centroids) for n in range(rules.layout.num_parts)]
        found += [problem for finding in findings for problem in finding.problems]
        rejected = rejected_images(findings)
        found += filter(None, (check_rejects(split, rules, rejected) for split in triplets))
        if centroids is not None:
            rules = dataclasses.replace(rules, num_fitted=len(centroids))
        broken = broken_parts(found)
        for rule in rules.splits:
            manifest = check_manifest(rules, rule)
            items = shard_items(rule, manifest, self.root.tree())
            shards = {item.shard: check_shard(item, rules, broken) for item in items}
            found += split_problems(rules, manifest, shards)
        return found

    def broken(self) -> set[str]:
        """The broken records, in words."""
        return {str(problem.record) for problem in self.problems()}

    def flip(self, name: str, share: float) -> None:
        """Change one bit of the byte at a relative place of a file."""
        path = self.path / name
        data = bytearray(path.read_bytes())
        data[min(int(share * len(data)), len(data) - 1)] ^= 1
        path.write_bytes(bytes(data))

    def edit_json(self, name: str, change: Callable[[dict], None]) -> None:
        """Change a JSON record and write it as we would."""
        path = self.path / name
        fields = parse_json(path.read_bytes(), name)
        change(fields)
        path.write_bytes(canonical_json(fields))

    def groups(self, shard: int) -> list[Group]:
        """The groups of a train shard."""
        folder = shard_folder(self.root, "train")
        record = read_shard_sidecar(folder, shard)
        return read_groups(folder, record, 0, record.num_groups)

    def forge_shard(self, shard: int, change: Callable[[list[Group]], list[Group]]) -> None:
        """Write a train shard of other groups, with right digests up to the manifest."""
        folder = shard_folder(self.root, "train")
        record = read_shard_sidecar(folder, shard)
        groups = change(self.groups(shard))
        write_shard(
            folder, groups, shard=shard, split="train", settings_digest=record.digest,
            parts=record.parts, statistics=record.statistics,
        )  # fmt: skip
        self.vouch_for_sidecar("train", shard)

    def forge_sidecar(self, shard: int, change: Callable[[dict], None]) -> None:
        """Change what a train shard's sidecar says, and let the manifest vouch for it."""
        self.edit_json(f"shards/train/{shard:06d}.json", change)
        self.vouch_for_sidecar("train", shard)

    def forge_part(
        self,
        name: str,
        part: int,
        change: Callable[[pa.Table], pa.Table],
        row_group_rows: int = 8,
    ) -> None:
        """Write a part of `images` or `clusters` of other rows, with a right sidecar."""
        folder = self.root.folder(name)
        sidecar = read_sidecar(folder, part)
        facts = {k: sidecar[k] for k in _FACTS if k in sidecar}
        columns = IMAGE_COLUMNS if name == "images" else CLUSTER_COLUMNS
        table = change(read_parquet(folder, part_name(part), columns))
        write_part(folder, part, parquet_bytes(table, row_group_rows), sidecar["digest"], facts)

    def vouch_for_sidecar(self, split: str, shard: int) -> None:
        """Let the manifest name the shard as its sidecar now is."""
        data = (self.path / f"shards/{split}/{shard:06d}.json").read_bytes()
        sidecar = parse_json(data, "")

        def change(manifest: dict) -> None:
            line = next(line for line in manifest["shards"] if line["shard"] == shard)
            line.update(
                sidecar_sha256=sha256(data), sha256=sidecar["sha256"], bytes=sidecar["bytes"],
                samples=len(sidecar["samples"]),
            )  # fmt: skip

        self.edit_json(f"shards/{split}/manifest.json", change)


def paint(path: Path, random: np.random.Generator) -> None:
    coarse = random.integers(0, 255, (4, 5, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((40, 32), Image.Resampling.BICUBIC).save(path, quality=80)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Images and weights, and the flags that make the small run of them."""

    folder: Path

    @property
    def flags(self) -> list[str]:
        return [
            *("--images", str(self.folder / "images"), "--teacher", "untransformed"),
            *("--backbone.name", "test_efficientnet"),
            *("--backbone.checkpoint", str(self.folder / "weights.safetensors")),
            *("--backbone.preprocessing.resolution", "32", "--stored.resolution", "24"),
            *("--embedding.part-rows", "16", "--embedding.row-group-rows", "8"),
            *("--embedding.max-rejected-fraction", "0.1", "--clusters.num-clusters", "5"),
            *("--shards.group", "2x2", "--shards.groups-per-shard", "4", "--num-groups", "12"),
            *("--shards.num-validation-images", "16", "--shards.pool-rows", "24"),
        ]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """64 images of which two are broken; they give 4 parts, 3 shards and one of validation."""
    folder = tmp_path_factory.mktemp("verified")
    random = np.random.default_rng(0)
    for number in range(NUM_IMAGES):
        paint(folder / "images" / f"class{number % NUM_CLASSES}" / f"{number:04d}.jpg", random)
    for name in BROKEN:
        (folder / "images" / name).write_bytes(b"no image")
    torch.manual_seed(0)
    weights = timm.create_model("test_efficientnet").state_dict()
    safetensors.torch.save_file(weights, folder / "weights.safetensors")
    return Source(folder=folder)


Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def run_job() -> Callable[..., Done]:
    """A job as a user runs it."""

    def call(job: str, *flags: str) -> Done:
        environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
        command = [sys.executable, str(JOBS / f"{job}.py"), *flags, "--resources.num-cpus", "2"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False,
            env={**environment, "RAY_AUTH_MODE": "disabled"},
        )  # fmt: skip

    return call


@pytest.fixture(scope="session")
def finished(source: Source, run_job: Callable[..., Done]) -> Path:
    """The run itself; nobody may touch it."""
    output = source.folder / "run"
    done = run_job("generate", *source.flags, "--output", str(output))
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Run:
    shutil.copytree(finished, tmp_path / "run")
    return Run(path=tmp_path / "run")


def triplets(path: Path, num_rows: int, seed: int) -> str:
    """A released file of random triplets of 20 images, of which one is broken."""
    random = np.random.default_rng(seed)
    names = np.array([f"{number:04d}.jpg" for number in range(20)])
    rows = np.stack([random.permutation(len(names))[:3] for _ in range(num_rows)])
    similarities = np.sort(random.normal(size=(num_rows, 3)).astype(np.float32))[:, ::-1]
    np.savez(path, filenames=names[rows], similarities=np.ascontiguousarray(similarities))
    return str(path)


@pytest.fixture(scope="session")
def converting(source: Source) -> ConvertConfig:
    """Settings of a small converted run of its own images: 3 parts, 5 shards and one."""
    return ConvertConfig(
        triplets=triplets(source.folder / "train.npz", 50, 0),
        validation_triplets=triplets(source.folder / "validation.npz", 6, 1),
        images=str(source.folder / "images"),
        output=str(source.folder / "converted"),
        groups_per_shard=10,
        max_rejected_fraction=0.1,
        stored=StoredConfig(resolution=24),
        table=TableConfig(part_rows=8, row_group_rows=4),
        resources=QUIET,
    )


@pytest.fixture(scope="session")
def finished_converted(converting: ConvertConfig, ray_cluster: None) -> Path:
    """The converted run; nobody may touch it."""
    assert converting.output is not None
    convert_triplets(converting)
    return Path(converting.output)


@pytest.fixture
def converted(finished_converted: Path, tmp_path: Path) -> Run:
    shutil.copytree(finished_converted, tmp_path / "converted")
    return Run(path=tmp_path / "converted")
