"""The authors' released triplets to a run that train takes, or a run's triplets to their layout.

python jobs/convert.py --triplets train.npz --images imagenet/ --output run/
python jobs/convert.py --run run/ --output-npz triplets.npz
"""

from _start import run_job

from alignet_ray.config.convert import ConvertConfig


def main(config: ConvertConfig) -> object:
    """Convert and print what came of it. Imports late: --help needs neither Ray nor torch."""
    if config.is_outward:
        from alignet_ray.generation.conversion.export import export_triplets
        from alignet_ray.generation.conversion.summary import export_lines

        summary = export_triplets(config)
        lines = export_lines(summary)
    else:
        from alignet_ray.generation.conversion.job import convert_triplets
        from alignet_ray.generation.conversion.summary import summary_lines

        summary = convert_triplets(config)
        lines = summary_lines(summary)
    for line in lines:
        print(line)
    return summary


if __name__ == "__main__":
    run_job(
        ConvertConfig,
        main,
        example="python jobs/convert.py --triplets train.npz --images imagenet/ --output run/",
    )
