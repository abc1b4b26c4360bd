"""The VICE fit as a step of the job: short tasks one after the other, each goes on from a file.

A task runs epochs for some seconds and hands back the whole state of the fit; the driver keeps
that state in the output folder and shows how it goes. So a node that dies costs one task, a driver
that dies costs what came after the last checkpoint, and neither changes the numbers. The fit runs
on CPU threads, as many as are asked for whatever the machine has: they change the last bits.
"""

import time
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int

from alignet_ray.config.resources import Resources
from alignet_ray.config.vice import ViceConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import expected_accuracy, triplet_codes
from alignet_ray.functional.odd_one_out import NUM_PAIRS, PAIR_ORDER
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.vice import (
    SpikeAndSlab,
    ViceSettings,
    ViceState,
    initial_state,
    is_finished,
    is_stable,
    run_epochs,
)
from alignet_ray.functional.vice_dimensions import live_dimensions
from alignet_ray.functional.vice_posterior import log_probabilities, posterior_probabilities
from alignet_ray.records.digests import Json, digest, sha256
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.json_lines import JsonLines, paced
from alignet_ray.records.store import Folder
from alignet_ray.records.vice import (
    VICE_FOLDER,
    ViceEmbedding,
    read_checkpoint,
    read_vice,
    write_checkpoint,
    write_vice,
)
from alignet_ray.stages.progress import note, status
from alignet_ray.stages.session import largest_node_cpus
from alignet_ray.stages.tasks import run_task, share
from alignet_ray.teaching.affine_task import torch_threads

_TASK_SECONDS = 15.0
# By the position of the odd one: where the pair stands that was called most similar, and the odd.
_PLACES = np.array([(*PAIR_ORDER[NUM_PAIRS - 1 - odd], odd) for odd in range(3)], dtype=np.int8)

Choices = Int[np.ndarray, "choices 3"]


@dataclass(frozen=True, kw_only=True)
class ViceData:
    """Choices as rows of the objects that they show: (first, second, odd); some are held out."""

    names: tuple[str, ...]
    train: Int[np.ndarray, "train 3"]
    held_out: Int[np.ndarray, "held_out 3"]


def vice_data(human: HumanChoices, fraction: float, seed: int) -> ViceData:
    """Objects that somebody judged, and choices split so that no triplet is on both sides.

    Raises InputError where one side has none.
    """
    shown, choices = _as_choices(human)
    held_out = _held_out(choices, len(shown), fraction, seed)
    if held_out.all() or not held_out.any():
        raise InputError(
            f"{len(choices):,} choices, {int(held_out.sum()):,} of them held out", "some of both",
            "--choices", "Give more choices, or another --vice.held-out-fraction.",
        )  # fmt: skip
    return ViceData(
        names=tuple(human.names[row] for row in shown),
        train=choices[~held_out],
        held_out=choices[held_out],
    )


def _as_choices(human: HumanChoices) -> tuple[Int[np.ndarray, "shown"], Choices]:
    """Rows of the names that are shown at all, and the choices numbered by them.

    Column by column and in 32 bits: millions of choices are a few such arrays.
    """
    counts = sum(np.bincount(column, minlength=len(human.names)) for column in human.triplets.T)
    shown = np.flatnonzero(counts)
    row_of = np.zeros(len(human.names), dtype=np.int32)
    row_of[shown] = np.arange(len(shown))
    choices = np.empty(human.triplets.shape, dtype=np.int32)
    places, triplet = _PLACES[human.odd_position].T, np.arange(len(choices))
    for column, place in enumerate(places):
        choices[:, column] = row_of[human.triplets[triplet, place]]
    return shown, choices


def _held_out(
    choices: Choices, num_objects: int, fraction: float, seed: int
) -> Bool[np.ndarray, "choices"]:
    """Which choices show a held-out triplet: a seeded part of the unique ones."""
    codes, triplet = np.unique(triplet_codes(choices, num_objects), return_inverse=True)
    order = RandomStream(seed, "vice", "held_out").permutation(len(codes))
    is_held_out = np.zeros(len(codes), dtype=bool)
    is_held_out[order[: round(fraction * len(codes))]] = True
    return is_held_out[triplet]


def fit_vice(
    data: ViceData,
    config: ViceConfig,
    *,
    seed: int,
    output: Folder,
    threads: int,
    resources: Resources,
    log: JsonLines,
) -> ViceEmbedding:
    """The embedding in the output folder, fitted there, or further, unless it is finished.

    Call inside `ray_session`. Raises InputError where no dimension comes to life.
    """
    folder = output.folder(VICE_FOLDER)
    settings = vice_settings(config.resolved(len(data.train)), seed)
    identity = vice_identity(data, settings)
    found = read_vice(folder, identity)
    if found is not None:
        return found
    state = read_checkpoint(folder, identity) or initial_state(len(data.names), settings)
    if state.history:
        note(f"vice goes on after epoch {len(state.history)}", is_shown=resources.progress)
    place = _Place(folder, identity, threads, resources.progress, log)
    state = _run(state, data, settings, place)
    embedding = finished_embedding(
        state, data, settings, num_samples=config.num_samples, identity=identity
    )
    write_vice(folder, embedding)
    return embedding


def vice_settings(config: ViceConfig, seed: int) -> ViceSettings:
    """Settings of the fit; the config is resolved."""
    prior = SpikeAndSlab(spike=config.spike, slab=config.slab, spike_share=config.spike_share)
    names = {field.name for field in fields(ViceSettings)} - {"prior", "seed"}
    return ViceSettings(
        prior=prior, seed=seed, **{name: getattr(config, name) for name in sorted(names)}
    )


def vice_identity(data: ViceData, settings: ViceSettings) -> Json:
    """What the embedding depends on."""
    arrays = {"train": data.train, "held_out": data.held_out}
    return {
        "choices": {name: sha256(rows.astype("<i8").tobytes()) for name, rows in arrays.items()},
        "names": digest(list(data.names)),
        "fit": asdict(settings),
    }


class _Place(NamedTuple):
    """Where a fit is kept and under which name, its threads, and who hears of it."""

    folder: Folder
    identity: Json
    threads: int
    is_shown: bool
    log: JsonLines


def _run(state: ViceState, data: ViceData, settings: ViceSettings, place: _Place) -> ViceState:
    """Tasks of some seconds each until the fit is finished; a checkpoint after each."""
    choices = share(data.train)
    num_cpus = float(min(place.threads, largest_node_cpus()))
    with status("vice", is_shown=place.is_shown) as say:
        while not is_finished(state.history, settings):
            before = state
            state, seconds = run_task(
                _epochs, choices, state, settings, place.threads, num_cpus=num_cpus
            )
            _refuse_divergence(state, settings)
            write_checkpoint(place.folder, state, place.identity)
            place.log.add(_logged(before, state, seconds))
            say(_progress_line(state, settings, seconds / _num_epochs(before, state)))
    return state


def _num_epochs(before: ViceState, after: ViceState) -> int:
    return len(after.history) - len(before.history)


def _logged(before: ViceState, after: ViceState, seconds: float) -> Json:
    """A task's epochs in the log; the checkpoint knows no time."""
    num_steps = after.num_steps - before.num_steps
    last = after.history[-1]
    return {
        "fit": "vice",
        "last_epoch": len(after.history),
        "epochs": _num_epochs(before, after),
        **paced(num_steps, seconds),
        **last._asdict(),
    }


def _epochs(
    choices: Choices, state: ViceState, settings: ViceSettings, threads: int
) -> tuple[ViceState, float]:
    """Some more epochs, and the seconds that they took."""
    start = time.monotonic()
    rows = torch.from_numpy(np.array(choices, dtype=np.int64))  # a copy: the shared one is fixed
    with torch_threads(threads):
        state = run_epochs(state, rows, settings, seconds=_TASK_SECONDS)
    return state, time.monotonic() - start


def _refuse_divergence(state: ViceState, settings: ViceSettings) -> None:
    if not bool(state.parameters.isfinite().all()):
        raise InputError(
            f"numbers that are not finite after {len(state.history)} epochs",
            "a fit that converges",
            f"the VICE fit at a learning rate of {settings.learning_rate:g}",
            "Lower --vice.learning-rate.",
        )  # fmt: skip


def _progress_line(state: ViceState, settings: ViceSettings, pace: float) -> str:
    epoch, last = len(state.history), state.history[-1]
    phase = "cooling down" if is_stable(state.history, settings) else f"of {settings.max_epochs}"
    return (
        f"epoch {epoch} ({phase}), {pace:.2g} s each, {last.num_live} live dimensions, "
        f"negative log-likelihood {last.negative_log_likelihood:.4f}"
    )


def finished_embedding(
    state: ViceState,
    data: ViceData,
    settings: ViceSettings,
    *,
    num_samples: int,
    identity: Json,
) -> ViceEmbedding:
    """Live dimensions only, and how well they foretell choices that the fit never saw.

    Raises InputError where no dimension lives.
    """
    live = live_dimensions(
        state.mean, state.scale, fdr=settings.fdr, min_objects=settings.min_objects
    )
    if not len(live):
        raise InputError(
            f"no dimension lives after {len(state.history)} epochs", "at least one", "the VICE fit",
            "Give more choices or more epochs, or lower --vice.min-objects.",
        )  # fmt: skip
    mean, scale = (part[:, live].numpy() for part in (state.mean, state.scale))
    probabilities = posterior_probabilities(
        mean, scale, data.held_out, num_samples=num_samples, seed=settings.seed
    )
    chosen = np.tile([1.0, 0.0, 0.0], (len(data.held_out), 1))
    metrics: Json = {
        "num_objects": len(data.names),
        "num_choices": len(data.train),
        "num_epochs": len(state.history),
        "is_stable": is_stable(state.history, settings),
        "num_live": len(live),
        "held_out": {
            "num_choices": len(data.held_out),
            "num_samples": num_samples,
            "negative_log_likelihood": float(-log_probabilities(probabilities[:, 0]).mean()),
            "accuracy": float(expected_accuracy(probabilities, chosen).mean()),
        },
    }
    return ViceEmbedding(
        names=data.names, mean=mean, scale=scale, settings=identity, metrics=metrics
    )
