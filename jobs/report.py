"""The report of a run, a teacher or a student, made again from its folder.

python jobs/report.py --run X

What lies there decides: a run of `jobs/generate.py`, a bundle of `jobs/fit_teacher.py`, a student
of `jobs/train.py` or results of `jobs/evaluate.py`.
"""

from _start import run_job

from alignet_ray.config.report import ReportConfig


def main(config: ReportConfig) -> object:
    """Write the report and say where it is. Imports late: --help needs neither Ray nor torch."""
    from alignet_ray.records.evaluation import RESULTS_NAME
    from alignet_ray.records.store import Folder
    from alignet_ray.records.student import is_student
    from alignet_ray.records.teacher_bundle import is_bundle

    folder = Folder.at(config.run)
    if is_bundle(folder):
        from alignet_ray.teaching.report.job import report
    elif folder.exists(RESULTS_NAME):
        from alignet_ray.evaluation.report.job import report
    elif is_student(folder):
        from alignet_ray.training.report.job import report
    else:
        from alignet_ray.generation.report.job import report
    page = report(config)
    print(f"The report is in {page}: open it in a browser.")
    return {"report": page}


if __name__ == "__main__":
    run_job(
        ReportConfig,
        main,
        example="python jobs/report.py --run run/",
        more_examples=("python jobs/report.py --run evaluation/",),
    )
