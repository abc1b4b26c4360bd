"""The learning rate's course: linear warm-up, then a cosine to zero."""

import math


def learning_rate_factor(step: int, warmup_steps: int, num_steps: int) -> float:
    """Part of the peak learning rate that step `step` (from 0) uses."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (num_steps - warmup_steps)
    return (1 + math.cos(math.pi * progress)) / 2
