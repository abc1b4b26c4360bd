"""Agreement of models with human odd-one-out responses, with intervals (see --help)."""

from _start import run_job

from alignet_ray.config.evaluate import EvaluateConfig


def main(config: EvaluateConfig) -> None:
    """Evaluate the models. Imports late: --help needs neither Ray nor torch."""
    from alignet_ray.evaluation.job import evaluate

    evaluate(config)


if __name__ == "__main__":
    run_job(
        EvaluateConfig,
        main,
        example="python jobs/evaluate.py --models student=student/ --images objects/ "
        "--names names.txt --responses responses.tsv --output evaluation/",
    )
