"""Which precision the passes of the student have, and what is never less than float32."""

from dataclasses import replace

import torch

from alignet_ray.config.train import TrainConfig


def with_precision(config: TrainConfig, device: str) -> TrainConfig:
    """The settings with `auto` made what it is on this device: a student's record names it."""
    if config.precision != "auto":
        return config
    is_gpu = device.startswith("cuda")
    return replace(config, precision="bfloat16" if is_gpu else "float32")


def forbid_tensor_float() -> None:
    """Products of float32 matrices have all its digits, in forward and backward passes.

    Gram matrices need them (method: section 1). A setting of this whole process, made after
    plug-ins had their say.
    """
    torch.set_float32_matmul_precision("highest")
