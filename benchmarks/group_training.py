"""One cell of `groups_pay.py`: a student trained by one arm, and what is measured as it learns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from alignet_ray.config.distillation import LossConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.functional.agreement import num_correct
from alignet_ray.functional.distillation import gram_matrices
from alignet_ray.functional.groups import gram_pair_similarities, triplet_positions
from alignet_ray.functional.losses import triplet_loss
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_similarities
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.temperature import matching_temperature, mean_entropy
from alignet_ray.models.backbones import Backbone
from alignet_ray.training.learner import make_learner
from alignet_ray.training.step import training_step
from alignet_ray.training.world import World
from group_arms import ARMS, TEACHER_TEMPERATURE, Split, batch_of, split_of
from groups_report import BASELINE, SIMILARITIES
from real_material import Human, Images, student_of

IMAGES_A_STEP = 192
WARMUP_STEPS = 10
WEIGHT_DECAY_TO_INIT = LossConfig().weight_decay_to_init
IMAGES_A_PASS = 192
FIRST_KL_STEPS = (5, 10, 15, 20, 30, 40, 60, 80)
KL_EVERY = 25
HUMAN_STEPS = (0, 25, 50, 100, 200, 400, 800)

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One training run of the comparison."""

    arm: str
    rate: float
    seed: int

    @property
    def name(self) -> str:
        """Of its file."""
        letters = "".join(letter if letter.isalnum() else "-" for letter in self.arm)
        return f"{letters}_{self.rate:g}_{self.seed}.json"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all cells share."""

    images: Images
    human: Human
    cluster_ids: np.ndarray
    data: Path


def represented(backbone: Backbone, pixels: np.ndarray) -> np.ndarray:
    """Representations, without gradients."""
    with torch.no_grad():
        pieces = torch.from_numpy(pixels).split(IMAGES_A_PASS)
        return torch.cat([backbone(piece) for piece in pieces]).numpy()


def student_temperature(backbone: Backbone, images: Images, split: Split, seed: int) -> float:
    """Where the initial student's mean entropy is the teacher's, on one 48 x 4 group: the
    trainer's `auto`, of the same group for every arm.
    """
    stream = RandomStream(seed, "student temperature")
    (part,) = batch_of(images, split, ARMS["48 x 4"], stream)
    places = torch.from_numpy(triplet_positions(part.kind.strategy, part.kind.blocks))
    vectors = torch.from_numpy(represented(backbone, part.pixels[0]))[None]
    student = gram_pair_similarities(gram_matrices(vectors).double(), places)[0].numpy()
    teacher = gram_pair_similarities(torch.from_numpy(part.similarities).double(), places)[0]
    return matching_temperature(student, mean_entropy(teacher.numpy(), TEACHER_TEMPERATURE))


def held_out_kl(
    backbone: Backbone, images: Images, split: Split, temperature: float
) -> dict[str, float]:
    """Mean KL from the teacher, of both kinds of triplets."""
    student = represented(backbone, images.pixels[split.held_out])
    teacher = images.vectors[split.held_out]

    def kl(triplets: np.ndarray) -> float:
        losses = triplet_loss(
            torch.from_numpy(pair_similarities(teacher, triplets)),
            torch.from_numpy(pair_similarities(student, triplets)),
            teacher_temperature=TEACHER_TEMPERATURE,
            student_temperature=temperature,
        )
        return losses.mean().item()

    return {name: kl(triplets) for name, triplets in split.measured.items()}


def human_agreement(backbone: Backbone, human: Human) -> dict[str, list[int]]:
    """Responses of each unique triplet that the student agrees with, by similarity."""
    vectors = represented(backbone, human.pixels)

    def correct(similarity: str) -> list[int]:
        pairs = pair_similarities(as_similarity_space(vectors, similarity), human.triplets)
        return num_correct(pairs, human.counts).astype(int).tolist()

    return {similarity: correct(similarity) for similarity in SIMILARITIES}


def _asks_people(cell: Cell, step: int, num_steps: int) -> bool:
    """Before the first step the student is the same in every arm: asked of one arm only."""
    is_asked = step in HUMAN_STEPS or step == num_steps
    return is_asked and (step > 0 or cell.arm == BASELINE)


def run_cell(cell: Cell, bench: Bench, num_steps: int) -> Json:
    """Train one arm and measure as it goes."""
    split = split_of(len(bench.images), bench.cluster_ids, cell.seed)
    student = student_of(bench.data)
    config = TrainConfig(runs=("drawn anew at each step",), output="nowhere", student=student)
    learner = make_learner(config, World())
    backbone = learner.backbone
    temperature = student_temperature(backbone, bench.images, split, cell.seed)
    curve: list[Json] = []
    for step in range(num_steps + 1):
        if step in FIRST_KL_STEPS or step % KL_EVERY == 0 or step == num_steps:
            point: Json = {"step": step, "images": step * IMAGES_A_STEP}
            point["kl"] = held_out_kl(backbone, bench.images, split, temperature)
            if _asks_people(cell, step, num_steps):
                point["correct"] = human_agreement(backbone, bench.human)
            curve.append(point)
        if step == num_steps:
            break
        learner.optimizer.param_groups[0]["lr"] = cell.rate * min(1.0, (step + 1) / WARMUP_STEPS)
        stream = RandomStream(cell.seed, cell.arm, step)
        batch = batch_of(bench.images, split, ARMS[cell.arm], stream)
        training_step(learner, batch, World(), student_temperature=temperature)
    return {
        "arm": cell.arm,
        "rate": cell.rate,
        "seed": cell.seed,
        "student_temperature": temperature,
        "curve": curve,
    }
