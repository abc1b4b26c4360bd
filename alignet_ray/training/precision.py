"""Which precision the passes of the student have."""

from dataclasses import replace

from alignet_ray.config.train import TrainConfig


def with_precision(config: TrainConfig, device: str) -> TrainConfig:
    """The settings with `auto` made what it is on this device: a student's record names it."""
    if config.precision != "auto":
        return config
    is_gpu = device.startswith("cuda")
    return replace(config, precision="bfloat16" if is_gpu else "float32")
