"""Claim: VICE's fast preset finds a known embedding again: on unseen triplets its probabilities are
as near to the truth as so many choices allow, and its dimensions are the planted ones.

Choices are drawn under a known embedding: `planted_choices.planted`, sparse and non-negative, or
with `--embedding FILE.npy` any other, such as the authors' of THINGS (negative numbers count as 0).
The library's own code holds choices out, fits and prunes. Reported:

- the Kullback-Leibler divergence from the law to the fit, mean over new random triplets, beside
  p / 2N, its expectation for a maximum-likelihood fit of p free numbers to N choices, for p = all
  entries of the planted embedding and for its positive entries alone (the prior can find those);
- live dimensions, and how many planted ones have a live one of their own with r > 0.8 over
  objects (pairs matched one to one for the largest sum of r).
"""

import time

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from alignet_ray.config.vice import ViceConfig
from alignet_ray.functional.vice import (
    ViceSettings,
    ViceState,
    initial_state,
    is_finished,
    run_epochs,
)
from alignet_ray.functional.vice_posterior import log_probabilities, posterior_probabilities
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.vice import ViceEmbedding
from alignet_ray.teaching.vice import ViceData, finished_embedding, vice_data, vice_settings
from planted_choices import draw, draw_triplets, law, planted
from timing import parser_of, peak_memory_mib

MATCHED = 0.8
NUM_NEW_TRIPLETS = 100_000
SECONDS_BETWEEN_LINES = 30.0


def people(truth: np.ndarray, count: int, random: np.random.Generator) -> HumanChoices:
    """Choices as the library reads them from a study's files."""
    names = tuple(f"object{row:05d}" for row in range(len(truth)))
    triplets = draw(truth, count, random)
    return HumanChoices(names=names, triplets=triplets, odd_position=np.full(count, 2, np.int8))


def fit(data: ViceData, settings: ViceSettings) -> ViceState:
    """The library's epochs to the end of the stop rule, with a line now and then."""
    choices = torch.from_numpy(data.train)
    state, start = initial_state(len(data.names), settings), time.perf_counter()
    while not is_finished(state.history, settings):
        state = run_epochs(state, choices, settings, seconds=SECONDS_BETWEEN_LINES)
        last = state.history[-1]
        print(
            f"  {time.perf_counter() - start:6.0f} s  epoch {len(state.history):4d}, "
            f"{state.num_steps:6d} steps, {last.num_live:3d} live, "
            f"negative log-likelihood {last.negative_log_likelihood:.4f}",
            flush=True,
        )
    return state


def divergence(truth: np.ndarray, found: ViceEmbedding, random: np.random.Generator) -> float:
    """Mean KL(law || fit) over new triplets of objects that somebody judged, in nats."""
    triplets = draw_triplets(len(truth), NUM_NEW_TRIPLETS, random)
    expected = law(truth, triplets)
    fitted = posterior_probabilities(found.mean, found.scale, triplets, num_samples=50, seed=0)
    return float((expected * (np.log(expected) - log_probabilities(fitted))).sum(axis=1).mean())


def num_matched(truth: np.ndarray, found: ViceEmbedding) -> int:
    """Planted dimensions with a live one of their own that correlates over objects."""
    both = np.corrcoef(truth.T, found.mean.clip(0).T)[: truth.shape[1], truth.shape[1] :]
    return int((both[linear_sum_assignment(both, maximize=True)] > MATCHED).sum())


def report(truth: np.ndarray, data: ViceData, found: ViceEmbedding, kl: float) -> None:
    """Figures beside their limits."""
    num_choices, dims = len(data.train), truth.shape[1]
    limits = [count / (2 * num_choices) for count in (truth.size, int((truth > 0).sum()))]
    print(
        f"KL on {NUM_NEW_TRIPLETS:,} new triplets {kl:.5f}; sampling limit p / 2N "
        f"{limits[0]:.5f} (all {truth.size:,} entries), {limits[1]:.5f} (the positive ones)"
    )
    print(f"live dimensions {found.metrics['num_live']} of {dims} planted; "
          f"matched at r > {MATCHED}: {num_matched(truth, found)} of {dims}")  # fmt: skip
    held_out = found.metrics["held_out"]
    print(f"held-out choices {held_out['num_choices']:,}: negative log-likelihood "
          f"{held_out['negative_log_likelihood']:.4f}, accuracy {held_out['accuracy']:.4f}; "
          f"epochs {found.metrics['num_epochs']}, stable {found.metrics['is_stable']}")  # fmt: skip


def main() -> None:
    """Draw, fit, compare."""
    parser = parser_of(__doc__)
    parser.add_argument("--embedding", help="an .npy instead of a planted one")
    parser.add_argument("--objects", type=int, default=1854)
    parser.add_argument("--planted-dims", type=int, default=42)
    parser.add_argument("--choices", type=int, default=4_700_000)
    parser.add_argument("--dims", type=int, default=100, help="dimensions to start with")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    random = np.random.default_rng(asked.seed)
    if asked.embedding:
        truth = np.load(asked.embedding, allow_pickle=False).clip(0).astype(np.float64)
    else:
        truth = planted(asked.objects, asked.planted_dims, random)
    config = ViceConfig(num_dimensions=asked.dims)
    data = vice_data(people(truth, asked.choices, random), config.held_out_fraction, asked.seed)
    assert len(data.names) == len(truth), "give more choices: nobody judged some of the objects"
    settings = vice_settings(config.resolved(len(data.train)), asked.seed)
    print(f"{len(data.train):,} choices of {len(truth):,} objects to fit, "
          f"{len(data.held_out):,} held out, batches of {settings.batch_size:,}, "
          f"{asked.threads} threads")  # fmt: skip
    start = time.perf_counter()
    state = fit(data, settings)
    seconds = time.perf_counter() - start
    found = finished_embedding(state, data, settings, num_samples=config.num_samples, identity={})
    report(truth, data, found, divergence(truth, found, random))
    print(f"fit {seconds:.0f} s, {1000 * seconds / state.num_steps:.1f} ms a step; "
          f"peak memory {peak_memory_mib():.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
