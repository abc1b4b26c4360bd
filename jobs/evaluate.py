"""How human models are, at every level of abstraction, and what it buys (see --help)."""

from _start import run_job

from alignet_ray.config.evaluate import RARELY_GIVEN, EvaluateConfig


def main(config: EvaluateConfig) -> object:
    """Evaluate the models. Imports late: --help needs neither Ray nor torch."""
    from alignet_ray.evaluation.job import evaluate, headline_figures

    results = evaluate(config)
    return {
        "output": config.output,
        "figures": headline_figures(results),
        "left_out": results["left_out"],
    }


if __name__ == "__main__":
    run_job(
        EvaluateConfig,
        main,
        example="python jobs/evaluate.py --models student=student/ --images objects/ "
        "--names names.txt --responses responses.tsv --output evaluation/",
        more_examples=(
            "python jobs/evaluate.py --models base=resnet18.a1_in1k student/ teacher/ "
            "--levels.trials trials/ --levels.images stimuli/ --output evaluation/",
            "python jobs/evaluate.py --models student/ --similarity.matrices animals=rsm.npy "
            "--similarity.images animals/ --output evaluation/",
            "python jobs/evaluate.py --models student/ --downstream.train pets=pets/train "
            "--downstream.test pets=pets/test --output evaluation/",
        ),
        folded=RARELY_GIVEN,
    )
