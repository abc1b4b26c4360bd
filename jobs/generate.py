"""Images to soft-label shards: list, embed, cluster, label.

python jobs/generate.py --images photos/ --teacher teacher/ --output run/
"""

from _start import run_job

from alignet_ray.config.generate import GenerateConfig


def main(config: GenerateConfig) -> object:
    """Generate and print what the run now holds, or what it would hold."""
    if config.dry_run:
        from alignet_ray.generation.estimate import estimate
        from alignet_ray.generation.estimate_lines import estimate_lines

        estimated = estimate(config)
        for line in estimate_lines(estimated, config.output):
            print(line)
        return estimated
    from alignet_ray.generation.job import generate
    from alignet_ray.generation.summary import summary_lines

    summary = generate(config)
    for line in summary_lines(summary):
        print(line)
    return summary


if __name__ == "__main__":
    run_job(
        GenerateConfig,
        main,
        example="python jobs/generate.py --images photos/ --teacher teacher/ --output run/ ",
    )
