"""The whole job in this process: sources agree, tables are borrowed, temperatures and clusters
are found, and a dry run tells the truth and writes nothing.
"""

import hashlib
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.generate import (
    UNTRANSFORMED,
    ClusterConfig,
    EmbeddingConfig,
    GenerateConfig,
    ShardConfig,
)
from alignet_ray.config.resources import Resources
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ConfigError, InputError, MismatchError
from alignet_ray.functional.temperature import mean_entropy
from alignet_ray.generation.estimate import estimate
from alignet_ray.generation.estimate_lines import estimate_lines
from alignet_ray.generation.job import generate
from alignet_ray.generation.label_entropy import shard_similarities
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.clusters import read_index
from alignet_ray.records.manifest import read_manifest
from alignet_ray.records.run import image_root
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, write_bundle
from alignet_ray.training.loop import train_student
from alignet_ray.training.plan import make_plan
from alignet_ray.training.world import World

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_cluster")]

BACKBONE = BackboneConfig(
    name="test_efficientnet",
    random_init=True,
    preprocessing=PreprocessingConfig(resolution=32, crop_fraction=1.0),
)
Make = Callable[..., GenerateConfig]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, the same in a tar, and an aligned-like teacher's bundle."""
    folder = tmp_path_factory.mktemp("job")
    rng = np.random.default_rng(0)
    for number in range(120):
        path = folder / "images" / f"class{number % 4}" / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 255, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((40, 32), Image.Resampling.BICUBIC).save(path)
    with tarfile.open(folder / "images.tar", "w") as archive:
        archive.add(folder / "images", "train")
    dim = load_backbone(BACKBONE).resolved.dim
    transform = Transform(
        weight=rng.normal(size=(dim, dim)) / dim, bias=rng.normal(size=dim), mean=0.1, scale=0.5
    )
    bundle = TeacherBundle(backbone=load_backbone(BACKBONE).resolved, transform=transform)
    write_bundle(Folder.at(str(folder / "teacher")), bundle)
    return folder


@pytest.fixture(scope="module")
def make(place: Path) -> Make:
    def config(name: str, **fields) -> GenerateConfig:
        plain = {
            "images": (str(place / "images"),),
            "output": str(place / name),
            "teacher": str(place / "teacher"),
            "embedding": EmbeddingConfig(part_rows=32, row_group_rows=16, batch_size=16),
            "clusters": ClusterConfig(num_clusters=6, num_restarts=1),
            "shards": ShardConfig(group="3x2", num_validation_images=40),
            "resources": Resources(progress=False, num_actors=1),
        }  # fmt: skip
        return GenerateConfig(**{**plain, **fields})

    return config


@pytest.fixture(scope="module")
def aligned(make: Make) -> str:
    """A finished run of the transformed teacher, on whose table others start."""
    return generate(make("aligned")).root


RAW = {"teacher": UNTRANSFORMED, "backbone": BACKBONE}
BORROWED = {
    "images": (), "embedding": EmbeddingConfig(), "teacher": UNTRANSFORMED,
    "backbone": BackboneConfig(),
}  # fmt: skip


def content(root: str, folder: str) -> dict[str, str]:
    base = Path(root) / folder
    return {
        str(path.relative_to(base)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in base.rglob("*")
        if path.is_file()
    }


def test_a_borrowed_table_gives_the_bytes_of_an_own_one_and_embeds_nothing(make, aligned):
    own = generate(make("own", **RAW))
    borrowed = generate(make("borrowed", images_from=aligned, **BORROWED))
    for folder in ("clusters", "shards"):
        assert content(borrowed.root, folder) == content(own.root, folder) != {}
    assert not (Path(borrowed.root) / "images").exists()
    again = generate(make("borrowed", images_from=aligned, **BORROWED))
    assert again.num_new_parts == sum(split.num_new_shards for split in again.splits) == 0


def test_a_borrowed_table_must_be_there_and_fit_the_teacher(make, place, aligned, tmp_path):
    with pytest.raises(InputError, match="nowhere: no run with images"):
        generate(make("none", images_from=str(tmp_path / "nowhere"), **BORROWED))
    other = replace(BACKBONE, preprocessing=replace(BACKBONE.preprocessing, resolution=48))
    bundle = TeacherBundle(
        backbone=load_backbone(other).resolved,
        transform=Transform(
            weight=np.eye(load_backbone(other).resolved.dim),
            bias=np.zeros(load_backbone(other).resolved.dim), mean=0.0, scale=1.0,
        ),
    )  # fmt: skip
    write_bundle(Folder.at(str(tmp_path / "teacher")), bundle)
    wrong = {**BORROWED, "teacher": str(tmp_path / "teacher")}
    with pytest.raises(MismatchError, match=r"preprocessing\.resolution 48 \(made with 32\)"):
        generate(make("wrong", images_from=aligned, **wrong))
    with pytest.raises(ConfigError, match="which this job reads"):
        generate(make("aligned", images_from=aligned, **{**BORROWED, "teacher": make("x").teacher}))


def test_a_borrowed_table_can_be_borrowed_again_and_named_from_anywhere(
    make, place, aligned, monkeypatch
):
    monkeypatch.chdir(place)
    first = generate(make("link1", images_from="aligned", **BORROWED))
    second = generate(make("link2", images_from="link1", **BORROWED))
    assert image_root(Folder.at(second.root)) == Folder.at(aligned)
    assert content(first.root, "shards") == content(second.root, "shards")


def test_a_lost_manifest_is_written_again_and_said(make, aligned):
    (Path(aligned) / "shards" / "train" / "manifest.json").unlink()
    summary = generate(make("aligned"))
    assert summary.has_written
    assert (summary.num_new_parts, [s.num_new_shards for s in summary.splits]) == (0, [0, 0])
    assert (Path(aligned) / "report" / "index.html").exists()
    assert not generate(make("aligned")).has_written


class Silent:
    def begin(self, step: int) -> None: ...

    def advance(self, steps: int, text: str = "") -> None: ...

    def say(self, line: str) -> None: ...

    def is_stopping(self) -> bool:
        return False


def trained_on(root: str, output: Path) -> float:
    """The teacher temperature that a student of this run was trained at (UnAligNet)."""
    config = TrainConfig(
        runs=(root,), output=str(output), student=BACKBONE, steps=2, groups_per_step=2
    )
    train_student(config, make_plan(config), World(), Silent())
    (run,) = read_student(Folder.at(str(output))).training["data"]["runs"]
    return run["teacher_temperature"]


def test_auto_temperature_matches_the_mean_entropy_of_the_other_run(make, aligned, place):
    auto = ShardConfig(group="3x2", num_validation_images=40, teacher_temperature="auto")
    config = make("matched", images_from=aligned, shards=auto, **BORROWED)
    summary = generate(config)
    entropies = []
    for root in (aligned, summary.root):
        manifest = read_manifest(Folder.at(root), "validation")
        assert manifest is not None
        similarities = np.concatenate(
            [shard_similarities(line.shard, Folder.at(root)) for line in manifest.shards]
        )
        entropies.append(mean_entropy(similarities, manifest.teacher_temperature))
        train = read_manifest(Folder.at(root), "train")
        assert train is not None
        assert train.teacher_temperature == manifest.teacher_temperature
    assert entropies[0] == pytest.approx(entropies[1], rel=1e-4)
    (temperature,) = {split.teacher_temperature for split in summary.splits}
    assert temperature != 1.0
    assert trained_on(summary.root, place / "unaligned_student") == temperature
    before = content(summary.root, "shards")
    generate(config)
    assert content(summary.root, "shards") == before


def test_auto_temperature_without_a_run_to_match_is_refused(make):
    auto = ShardConfig(teacher_temperature="auto", num_validation_images=40, group="3x2")
    with pytest.raises(InputError, match="Name the aligned teacher's run"):
        generate(make("unmatched", shards=auto))


def test_auto_clusters_keep_the_curve_and_take_one_of_its_counts(make, aligned):
    config = make(
        "elbow", images_from=aligned, clusters=ClusterConfig(num_clusters="auto"), **BORROWED
    )
    config = replace(config, shards=ShardConfig(group="2x2", num_validation_images=40))
    summary = generate(config)
    index = read_index(Folder.at(summary.root))
    assert index is not None
    counts = [count for count, _ in index["elbow_curve"]]
    inertias = [inertia for _, inertia in index["elbow_curve"]]
    assert summary.num_clusters == index["num_clusters"] in counts
    assert inertias[0] > inertias[-1] > 0


def test_a_list_of_the_images_is_the_same_run_and_a_tar_has_the_same_embeddings(make, place):
    files = sorted((place / "images").rglob("*.png"))
    rows = [f"{path.relative_to(place)},{path.parent.name}" for path in files]
    (place / "list.csv").write_text("\n".join(["url,label", *rows]) + "\n")
    folder = generate(make("folder", **RAW))
    listed = generate(make("listed", **{**RAW, "images": (str(place / "list.csv"),)}))
    assert content(listed.root, "shards") == content(folder.root, "shards")
    tar = generate(make("tar", **{**RAW, "images": (str(place / "images.tar"),)}))
    assert (tar.num_images, tar.rejects) == (120, {})


def test_several_sources_share_a_run_and_are_counted_apart(make, place):
    urls = (f"one={place / 'images'}", f"two={place / 'images.tar'}")
    summary = generate(make("both", **{**RAW, "images": urls}))
    assert summary.num_images == 240
    assert not any("pure by source" in warning for warning in summary.warnings)


def test_a_dry_run_says_what_then_comes_and_writes_nothing(make, place):
    config = make("dry", **RAW)
    found = estimate(config)
    assert not (place / "dry").exists()
    assert found.is_new
    assert (found.num_images, found.num_forward_passes) == (120, 32 * 3 + 32)
    assert found.bytes_to_read == sum(f.stat().st_size for f in (place / "images").rglob("*.png"))
    summary = generate(config)
    for promised, made in zip(found.splits, summary.splits, strict=True):
        assert promised.plan.num_shards == made.num_shards
        assert promised.plan.num_draws == made.num_draws
        assert promised.num_triplets == made.num_triplets
        assert promised.bytes_to_write == pytest.approx(made.num_bytes, rel=0.1)
    parts = content(summary.root, "images") | content(summary.root, "clusters")
    assert parts
    assert found.embed_hours > 0
    assert found.decode_hours > 0
    after = estimate(config)
    assert after.num_forward_passes == after.bytes_to_read == after.table_bytes == 0
    assert after.embed_hours == after.decode_hours == 0
    assert all(split.num_finished_shards == split.plan.num_shards for split in after.splits)
    more = estimate(replace(config, num_groups=100))
    assert more.splits[0].bytes_to_write > 0
    assert found.requests is None  # a local disk charges nothing
    in_a_store = estimate(replace(config, output="memory://dry/run")).requests
    assert in_a_store is not None
    assert in_a_store.writes > 0
    assert in_a_store.reads > 0
    said = "\n".join(estimate_lines(found, config.output))
    assert "Dry run, nothing is written" in said
    assert "128 forward passes" in said
    assert "of one core to embed" in said


def test_a_dry_run_refuses_what_a_run_would_refuse(make, aligned):
    with pytest.raises(MismatchError, match=r"clusters\.num_clusters 5"):
        estimate(make("aligned", clusters=ClusterConfig(num_clusters=5, num_restarts=1)))
