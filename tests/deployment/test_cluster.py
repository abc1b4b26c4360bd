"""cluster.yaml: Ray's own checks, and those of what Ray does not look into."""

import copy
import subprocess
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = yaml.safe_load((ROOT / "cluster.yaml").read_text())
TYPES = CLUSTER["available_node_types"]
WORKERS = {name: own for name, own in TYPES.items() if name != CLUSTER["head_node_type"]}
CPUS = {"n2-standard-8": 8, "n2-standard-16": 16, "g2-standard-12": 12}
"""Cores of the machine types; g2 machines bring an L4 GPU by themselves."""


def test_ray_accepts_it():
    validate_config(prepare_config(copy.deepcopy(CLUSTER)))


def test_ray_would_refuse_a_wrong_one():
    wrong = copy.deepcopy(CLUSTER)
    wrong["available_node_types"]["cpu"]["resources"]["CPU"] = 1.5
    with pytest.raises(Exception, match=r"1\.5"):
        validate_config(prepare_config(wrong))


def test_no_task_is_placed_on_the_head_and_nothing_runs_for_nothing():
    assert TYPES[CLUSTER["head_node_type"]]["resources"] == {"CPU": 0}
    assert all(own["min_workers"] == 0 < own["max_workers"] for own in WORKERS.values())
    assert sum(own["max_workers"] for own in WORKERS.values()) <= CLUSTER["max_workers"]
    assert 0 < CLUSTER["idle_timeout_minutes"] <= 10


@pytest.mark.parametrize("name", WORKERS)
def test_machines_have_what_they_promise(name):
    own = WORKERS[name]
    machine = own["node_config"]["machineType"]
    assert own["resources"]["CPU"] == CPUS[machine]
    assert ("GPU" in own["resources"]) == machine.startswith("g2-")
    image = own.get("docker", {}).get("worker_image", CLUSTER["docker"]["worker_image"])
    assert image.endswith(":gpu" if "GPU" in own["resources"] else ":cpu")
    if "GPU" in own["resources"]:  # machines with a GPU cannot be moved while they run
        assert own["node_config"]["scheduling"]["onHostMaintenance"] == "TERMINATE"
        assert "--gpus all" in own["docker"]["worker_run_options"]


@pytest.mark.parametrize("name", TYPES)
def test_machines_can_pull_and_run_their_image(name):
    own = TYPES[name]
    commands = own.get("initialization_commands", CLUSTER["initialization_commands"])
    for command in commands:
        subprocess.run(["bash", "-n", "-c", command], check=True)
    images = [CLUSTER["docker"]["head_image"], CLUSTER["docker"]["worker_image"]]
    images.append(own.get("docker", {}).get("worker_image", images[1]))
    (registry,) = {image.partition("/")[0] for image in images}
    assert f"gcloud auth configure-docker {registry} --quiet" in commands
    assert "docker.io" in commands[0], "docker is there before anything asks for it"
    assert "sudo usermod -aG docker $USER" in commands
    assert commands[-1] == "sleep 15", "longer than Ray keeps an idle SSH connection, 10 s"
    text = " ".join(commands)
    for said in ("command -v nvidia-ctk",
                 "nvidia-ctk runtime configure --runtime=docker"):  # fmt: skip
        assert (said in text) == ("GPU" in own["resources"])


@pytest.mark.parametrize("name", TYPES)
def test_disks_lie_in_the_zone_and_are_removed_with_their_machine(name):
    (disk,) = TYPES[name]["node_config"]["disks"]
    zone = CLUSTER["provider"]["availability_zone"]
    assert zone.startswith(CLUSTER["provider"]["region"])
    assert f"zones/{zone}/" in disk["initializeParams"]["diskType"]
    assert disk["boot"]
    assert disk["autoDelete"]
    assert disk["initializeParams"]["diskSizeGb"] >= 100


@pytest.mark.parametrize("name", WORKERS)
def test_workers_have_an_account_of_least_rights(name):
    (account,) = WORKERS[name]["node_config"]["serviceAccounts"]
    assert account["email"].startswith("alignet-worker@")


def test_spot_comes_first_and_the_same_gpu_stands_in_for_it():
    spot, stand_in = TYPES["gpu_spot"], TYPES["gpu_on_demand"]
    assert spot["priority"] > stand_in["priority"]
    assert spot["resources"] == stand_in["resources"]
    assert spot["node_config"]["machineType"] == stand_in["node_config"]["machineType"]
    assert spot["node_config"]["scheduling"]["provisioningModel"] == "SPOT"
    assert spot["node_config"]["scheduling"]["instanceTerminationAction"] == "DELETE"
    assert not spot["node_config"]["scheduling"]["automaticRestart"]
    assert "provisioningModel" not in stand_in["node_config"]["scheduling"]


def test_the_token_is_shipped_and_asked_for():
    options = CLUSTER["docker"]["run_options"]
    assert "--env RAY_AUTH_MODE=token" in options
    (path,) = [o.partition("RAY_AUTH_TOKEN_PATH=")[2] for o in options if "TOKEN_PATH" in o]
    assert path in CLUSTER["file_mounts"]
    start = " ".join(CLUSTER["head_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in start


def test_what_a_command_runs_in_the_image_is_copied_there():
    text = " ".join(CLUSTER["worker_start_ray_commands"])
    (script,) = [word for word in text.split() if word.endswith(".py")]
    assert (ROOT / script.removeprefix("/home/ray/alignet_ray/")).exists()
