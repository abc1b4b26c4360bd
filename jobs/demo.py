"""The whole way on a small world of its own, offline: `python jobs/demo.py`."""

from pathlib import Path

from _start import run_job

from alignet_ray.config.demo import DemoConfig


def main(config: DemoConfig) -> object:
    """Run the demo and say where to look."""
    from alignet_ray.demo_world.tour import run_demo

    folders = run_demo(config, Path(__file__).resolve().parent)
    print(
        f"\nEverything is in {folders.root}: look at evaluation/report/index.html, which says how\n"
        "human the models are, the reports in teacher/, run/ and student/, and pictures.png."
    )
    print("Next: the same four commands with your own images; see README.md. They need the")
    print("environment that was set up here, once in each shell: . .venv/bin/activate")
    return folders


if __name__ == "__main__":
    run_job(DemoConfig, main, example="python jobs/demo.py --output demo_output")
