"""Claim: an epoch of VICE's fast setting is at least 20 times as fast as a literal one-hot
implementation in batches of 128, and the fit foretells unseen choices as well.

1. Seconds of an epoch, in turns: `literal` multiplies one-hot matrices of 128 choices, a step of
   autograd and Adam each, as the reference does (timed on some steps, counted for a whole epoch);
   `reference preset` is ours with the same batches, rows gathered; `fast preset` is ours.
2. With `--converge`: the fast and the reference preset until the stop rule or the given epochs,
   with the negative log-likelihood of held-out choices as time goes by. Literal and reference
   preset take the same steps (checked in tests/functional/test_vice.py), only slower.

Choices are drawn from a planted sparse embedding of as many objects as THINGS has, so the least
possible held-out value, the entropy of the law, is known.
"""

import math
import statistics
import time

import numpy as np
import torch

from alignet_ray.config.vice import ViceConfig
from alignet_ray.functional.vice import (
    ViceSettings,
    ViceState,
    initial_state,
    is_finished,
    run_epochs,
)
from alignet_ray.functional.vice_dimensions import live_dimensions
from alignet_ray.functional.vice_posterior import posterior_probabilities
from alignet_ray.teaching.vice import vice_settings
from planted_choices import draw, law, planted
from timing import in_turns, parser_of

CLAIM = 20
LITERAL_BATCH = 128
LITERAL_STEPS = 40


def literal_steps(choices: torch.Tensor, num_objects: int, num_dims: int, steps: int) -> None:
    """The reference's step: one-hot matrices, a dense product, densities one by one."""
    mean = torch.nn.Parameter(torch.randn(num_objects, num_dims) * math.sqrt(2 / num_dims))
    log_scale = torch.nn.Parameter(torch.full_like(mean, -3.0))
    optimizer = torch.optim.Adam([mean, log_scale], lr=1e-3)
    for step in range(steps):
        batch = choices[step * LITERAL_BATCH : (step + 1) * LITERAL_BATCH]
        one_hot = torch.nn.functional.one_hot(batch, num_objects).float()
        scale = log_scale.exp()
        sample = mean + scale * torch.randn_like(mean)
        first, second, odd = torch.relu(one_hot @ sample).unbind(1)
        pairs = [(first * second).sum(1), (first * odd).sum(1), (second * odd).sum(1)]
        likelihood = torch.exp(pairs[0]) / torch.stack([torch.exp(pair) for pair in pairs]).sum(0)
        log_q = torch.log(density(sample, mean, scale))
        prior = 0.5 * density(sample, 0.0, 0.25) + 0.5 * density(sample, 0.0, 1.0)
        complexity = (log_q.sum() - torch.log(prior).sum()) / len(choices)
        loss = -torch.log(likelihood).mean() + complexity
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def density(
    values: torch.Tensor, centre: torch.Tensor | float, width: torch.Tensor | float
) -> torch.Tensor:
    """Of a normal distribution."""
    return torch.exp(-0.5 * ((values - centre) / width) ** 2) / (width * math.sqrt(2 * math.pi))


def held_out_value(state: ViceState, held_out: np.ndarray) -> float:
    """Mean negative log-likelihood of choices under the posterior, 50 samples."""
    found = posterior_probabilities(
        state.mean.numpy(), state.scale.numpy(), held_out, num_samples=50, seed=0
    )
    return float(-np.log(found[:, 0]).mean())


def converge(
    name: str, choices: torch.Tensor, held_out: np.ndarray, objects: int, settings: ViceSettings
) -> None:
    """Run a setting and print its curve."""
    state, seconds = initial_state(objects, settings), 0.0
    while not is_finished(state.history, settings):
        start = time.perf_counter()
        state = run_epochs(state, choices, settings, seconds=20.0)
        seconds += time.perf_counter() - start
        live = live_dimensions(
            state.mean, state.scale, fdr=settings.fdr, min_objects=settings.min_objects
        )
        print(
            f"  {name:18} epoch {len(state.history):5d} {seconds:7.0f} s"
            f"  held-out NLL {held_out_value(state, held_out):.4f}  {len(live):3d} live",
            flush=True,
        )


def main() -> None:
    """Time an epoch each way; with --converge also compare where they end."""
    parser = parser_of(__doc__)
    parser.add_argument("--objects", type=int, default=1854)
    parser.add_argument("--choices", type=int, default=200_000)
    parser.add_argument("--dims", type=int, default=100, help="dimensions to start with")
    parser.add_argument("--planted-dims", type=int, default=42)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="turns")
    parser.add_argument("--converge", action="store_true")
    parser.add_argument("--reference-epochs", type=int, default=60, help="most, with --converge")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    random = np.random.default_rng(0)
    truth = planted(asked.objects, asked.planted_dims, random)
    choices = torch.from_numpy(draw(truth, asked.choices, random))
    held_out = draw(truth, 50_000, random)
    num_choices = len(choices)
    fast, reference = (
        vice_settings(ViceConfig(preset=preset, num_dimensions=asked.dims).resolved(num_choices), 0)
        for preset in ("fast", "reference")
    )
    few = choices[: LITERAL_STEPS * LITERAL_BATCH]
    start = initial_state(asked.objects, fast)
    timings = in_turns(
        {
            "literal": lambda: literal_steps(few, asked.objects, asked.dims, LITERAL_STEPS),
            "reference preset": lambda: run_epochs(start, few, reference, seconds=0.0),
            "fast preset": lambda: run_epochs(start, choices, fast, seconds=0.0),
        },
        asked.repeats,
    )
    print(f"{num_choices:,} choices of {asked.objects:,} objects, {asked.dims} dimensions")
    share = num_choices / len(few)
    epochs = {t.name: statistics.median(t.seconds) for t in timings}
    for name in ("literal", "reference preset"):
        epochs[name] *= share
    for name, seconds in epochs.items():
        print(f"  {name:18} {seconds:8.3f} s an epoch")
    print(f"  literal / fast preset = {epochs['literal'] / epochs['fast preset']:.1f}; "
          f"claim: at least {CLAIM}")  # fmt: skip
    if asked.converge:
        probabilities = law(truth, held_out)
        entropy = -(probabilities * np.log(probabilities)).sum(axis=1).mean()
        print(f"  the law itself: entropy {entropy:.4f}, held-out NLL "
              f"{-np.log(probabilities[:, 0]).mean():.4f}")  # fmt: skip
        converge("fast preset", choices, held_out, asked.objects, fast)
        limited = ViceSettings(**{**vars(reference), "max_epochs": asked.reference_epochs})
        converge("reference preset", choices, held_out, asked.objects, limited)


if __name__ == "__main__":
    main()
