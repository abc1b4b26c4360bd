"""A run to a verdict: every record against its digests, its settings and the other records.

python jobs/verify.py --run run/
"""

from _start import run_job

from alignet_ray.config.verify import VerifyConfig


def main(config: VerifyConfig) -> object:
    """Verify, print what was found, and fail where the run is broken."""
    from alignet_ray.generation.verification.job import verify
    from alignet_ray.generation.verification.summary import summary_lines

    report = verify(config)
    for line in summary_lines(report):
        print(line)
    error = report.error()
    if error is not None:
        raise error
    return report


if __name__ == "__main__":
    run_job(VerifyConfig, main, example="python jobs/verify.py --run run/")
