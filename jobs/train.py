"""Distil soft labels into a student: `python jobs/train.py --runs RUN --output OUT`."""

from _start import run_job

from alignet_ray.config.train import TrainConfig


def main(config: TrainConfig) -> object:
    """Train, and say what came out and what comes next."""
    from alignet_ray.records.call_log import write_log
    from alignet_ray.records.store import Folder
    from alignet_ray.training.launch import train
    from alignet_ray.training.summary import as_json, describe

    summary = train(config)
    if summary.is_new:
        write_log(Folder(summary.output), "train", as_json(summary))
    print(describe(summary))
    return as_json(summary)


if __name__ == "__main__":
    run_job(
        TrainConfig,
        main,
        example="python jobs/train.py --runs run/ --student.name vit_small_patch16_224 "
        "--output student/",
    )
