"""Human judgements and images of their objects to a surrogate teacher (see --help)."""

from _start import run_job

from alignet_ray.config.fit_teacher import FitTeacherConfig


def main(config: FitTeacherConfig) -> object:
    """Fit the teacher. Imports late: --help needs neither Ray nor torch."""
    from alignet_ray.teaching.job import fit_teacher

    bundle = fit_teacher(config)
    return {"output": config.output, "backbone": bundle.backbone.name}


if __name__ == "__main__":
    run_job(
        FitTeacherConfig,
        main,
        example="python jobs/fit_teacher.py --images objects/ --names names.txt "
        "--human-embedding embedding.npy --output teacher/",
    )
