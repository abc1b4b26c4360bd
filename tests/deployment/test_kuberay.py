"""kuberay.yaml says the same as cluster.yaml and the image."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
JOB = yaml.safe_load((ROOT / "kuberay.yaml").read_text())
CLUSTER = JOB["spec"]["rayClusterSpec"]
GROUPS = {own["groupName"]: own for own in CLUSTER["workerGroupSpecs"]}
LOCKED = re.search(r"^ray(?:\[.*\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.M)


def test_the_version_is_that_of_the_lock_file():
    assert LOCKED is not None
    assert CLUSTER["rayVersion"] == LOCKED[1]


def test_the_head_does_no_work_and_groups_begin_at_zero():
    assert CLUSTER["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for own in GROUPS.values():
        assert own["replicas"] == own["minReplicas"] == 0 < own["maxReplicas"]
    assert CLUSTER["enableInTreeAutoscaling"]
    assert JOB["spec"]["shutdownAfterJobFinishes"]


@pytest.mark.parametrize("own", [CLUSTER["headGroupSpec"], *GROUPS.values()])
def test_no_pod_is_root_and_all_have_limits(own):
    pod = own["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["serviceAccountName"] == "alignet-worker"
    (container,) = pod["containers"]
    assert set(container["resources"]["limits"]) <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]


def test_spot_comes_first_and_the_same_gpu_stands_in_for_it():
    spot, stand_in = (GROUPS[name] for name in ("gpu-spot", "gpu-on-demand"))
    assert spot["priority"] > stand_in["priority"]
    pods = [own["template"]["spec"] for own in (spot, stand_in)]
    assert len({pod["nodeSelector"]["cloud.google.com/gke-accelerator"] for pod in pods}) == 1
    assert "cloud.google.com/gke-spot" in pods[0]["nodeSelector"]
    assert "cloud.google.com/gke-spot" not in pods[1]["nodeSelector"]


def test_the_entrypoint_is_a_command_that_the_job_takes():
    from alignet_ray.cli import parse_config
    from alignet_ray.config.generate import GenerateConfig

    _, script, *flags = JOB["spec"]["entrypoint"].split()
    assert (ROOT / script.removeprefix("/home/ray/alignet_ray/")).exists()
    assert parse_config(GenerateConfig, flags).resources.device == "cuda"
