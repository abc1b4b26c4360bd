"""The demo: makes its world and its backbone, then runs the four jobs as a user would.

Every job is a command of its own, printed before it runs, so that the demo is also the example.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from alignet_ray.config.demo import DemoConfig
from alignet_ray.config.resources import Resources
from alignet_ray.demo_world.gallery import contact_sheet
from alignet_ray.demo_world.surface_backbone import (
    ARCHITECTURE,
    SurfaceTraining,
    train_surface_backbone,
)
from alignet_ray.demo_world.world import write_world
from alignet_ray.errors import AlignetError

_GROUP = "12x4"
_GROUPS_PER_SHARD = 30
_NUM_CLUSTERS = 36
_LEARNING_RATE = 4e-3
_STUDENT_TEMPERATURE = 20
_GROUPS_PER_STEP = 2
_REGULARISATION = 1e-3
_FIT_LEARNING_RATE = 3e-3


class JobFailedError(AlignetError):
    """A job of the demo ended with an error that it has already said; the exit code is its own."""

    def __init__(self, value: str, expectation: str, place: str, remedy: str, code: int) -> None:
        super().__init__(value, expectation, place, remedy)
        self.exit_code = code


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where the demo puts what it makes, below its output folder."""

    root: Path

    @property
    def world(self) -> Path:
        """Pictures and judgements."""
        return self.root / "world"

    @property
    def weights(self) -> Path:
        """The backbone that sees surface."""
        return self.root / "surface_backbone.safetensors"

    def made_by(self, job: str) -> Path:
        """Output of a job."""
        return self.root / {"fit_teacher": "teacher", "generate": "run", "train": "student"}.get(
            job, "evaluation"
        )


def run_demo(config: DemoConfig, jobs: Path) -> Folders:
    """Run the whole way; each step that is done already takes seconds. Raises JobFailedError."""
    folders = Folders(root=Path(config.output).resolve())
    folders.root.mkdir(parents=True, exist_ok=True)
    _say("render pictures and ask the simulated observers")
    write_world(folders.world, seed=config.seed, num_images=config.num_images)
    contact_sheet().save(folders.root / "pictures.png")
    _say("train the demo's backbone, on surface attributes alone")
    if not folders.weights.exists():
        train_surface_backbone(folders.weights, SurfaceTraining(seed=config.seed))
    for job, flags in commands(config, folders):
        run_command(jobs / f"{job}.py", flags)
    return folders


def _say(what: str) -> None:
    print(f"\n== {what}", flush=True)


def run_command(script: Path, flags: Sequence[str]) -> None:
    """Show a job's command and run it. Raises JobFailedError with its exit code."""
    shown = os.path.relpath(script)
    _say(f"python {shown} {shlex.join(flags)}")
    done = subprocess.run([sys.executable, str(script), *flags])
    if done.returncode != 0:
        raise JobFailedError(
            f"ended with code {done.returncode}", "", shown, "See its line above.", done.returncode
        )


def commands(config: DemoConfig, folders: Folders) -> Iterator[tuple[str, list[str]]]:
    """Each job with its flags, in order."""
    objects = folders.world / "objects"
    judged = ["--images", str(objects / "images"), "--names", str(objects / "names.txt")]
    responses = ["--responses", str(objects / "test_responses.tsv")]
    teacher, run = folders.made_by("fit_teacher"), folders.made_by("generate")
    student, evaluation = folders.made_by("train"), folders.made_by("evaluate")
    always = ["--seed", str(config.seed), *_resource_flags(config.resources)]
    yield (
        "fit_teacher",
        [
            *judged,
            *responses,
            *("--choices", str(objects / "train_choices.parquet")),
            *_backbone_flags("backbone", folders.weights),
            *("--fit.regularisation", str(_REGULARISATION)),
            *("--fit.learning-rate", str(_FIT_LEARNING_RATE), "--fit-cpus", "1"),
            *("--output", str(teacher)),
            *always,
        ],
    )
    yield (
        "generate",
        [
            *("--images", str(folders.world / "images"), "--teacher", str(teacher)),
            *("--clusters.num-clusters", str(_NUM_CLUSTERS), "--shards.group", _GROUP),
            *("--shards.groups-per-shard", str(_GROUPS_PER_SHARD)),
            *("--num-groups", str(config.num_groups), "--output", str(run)),
            *always,
        ],
    )
    yield (
        "train",
        [
            *("--runs", str(run), "--output", str(student)),
            *_backbone_flags("student", folders.weights),
            *("--learning-rate", str(_LEARNING_RATE), "--groups-per-step", str(_GROUPS_PER_STEP)),
            *("--loss.student-temperature", str(_STUDENT_TEMPERATURE)),
            *("--num-workers", str(config.num_workers)),
            *always,
        ],
    )
    yield (
        "evaluate",
        [
            *judged,
            *responses,
            *("--data-name", "simulated observers", "--output", str(evaluation)),
            *_study_flags(folders.world),
            *("--models", f"teacher={teacher}", f"student={student}"),
            *always,
        ],
    )


def _study_flags(world: Path) -> list[str]:
    """What `evaluate` measures beside the responses to objects: see `studies`."""
    stimuli, classes = world / "stimuli", world / "classes"
    return [
        *("--levels.trials", str(stimuli / "trials"), "--levels.images", str(stimuli / "images")),
        *("--similarity.matrices", f"pictures={stimuli / 'similarity.npy'}"),
        *("--similarity.images", str(stimuli / "images")),
        *("--similarity.names", str(stimuli / "names.txt")),
        *("--hierarchy.images", str(classes / "test")),
        *("--hierarchy.categories", str(classes / "categories.csv")),
        *("--downstream.train", f"pictures={classes / 'train'}"),
        *("--downstream.test", f"pictures={classes / 'test'}"),
    ]


def _backbone_flags(section: str, weights: Path) -> list[str]:
    size = str(SurfaceTraining().image_size)
    return [
        *(f"--{section}.name", ARCHITECTURE, f"--{section}.checkpoint", str(weights)),
        *(f"--{section}.model-args", "num_classes=0"),
        *(f"--{section}.preprocessing.resolution", size),
        *(f"--{section}.preprocessing.resize", "squash"),
        *(f"--{section}.preprocessing.mean", "0.5", "0.5", "0.5"),
        *(f"--{section}.preprocessing.std", "0.5", "0.5", "0.5"),
    ]


def _resource_flags(resources: Resources) -> list[str]:
    """Every machine setting that is not its default, as flags of a job."""
    flags: list[str] = []
    for field in fields(Resources):
        value = getattr(resources, field.name)
        name = field.name.replace("_", "-")
        if value == field.default:
            continue
        if isinstance(value, bool):
            flags.append(f"--resources.{name}" if value else f"--resources.no-{name}")
        else:
            flags.append(f"--resources.{name}={value}")
    return flags
