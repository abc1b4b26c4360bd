"""The report of a run, made again from its records: `python jobs/report.py --run RUN`."""

from _start import run_job

from alignet_ray.config.report import ReportConfig


def main(config: ReportConfig) -> None:
    """Write the report and say where it is. Imports late: --help needs neither Ray nor torch."""
    from alignet_ray.generation.report.job import report

    print(f"The report is in {report(config)}: open it in a browser.")


if __name__ == "__main__":
    run_job(ReportConfig, main, example="python jobs/report.py --run run/")
