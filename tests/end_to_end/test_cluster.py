"""A cluster that begins without workers, grows, loses a machine, and shrinks: the same bytes.

Ray's own autoscaler on machines that it only believes to be several. `make chaos` takes a machine
away in every stage; `CHAOS_SEED` gives other moments.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow]

NUM_MACHINES = 2
IDLE_MINUTES = 0.1
HEAD = "fffffffffffffffffffffffffffffffffffffffffffffffffff00000"
"""The id that Ray's fake provider gives to the head; its workers' end in 00001 and so on."""
EMPTY_LISTS = (
    "initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands",
    "head_start_ray_commands", "worker_start_ray_commands",
    "cluster_synced_files", "rsync_exclude", "rsync_filter",
)  # fmt: skip
"""What a machine would be told before it starts; the fake ones are told nothing."""
STAGES = ("images/part-*.json", "clusters/part-*.json", "shards/train/*.json")
LOSES_IN = STAGES if "CHAOS" in os.environ else STAGES[2:]
RAY = str(Path(sys.executable).parent / "ray")


def cluster_config(gcs_address: str) -> dict[str, Any]:
    """As `cluster.yaml`: a head that runs no task, workers that come for tasks and go when idle."""
    machine = {"resources": {"CPU": 2}, "node_config": {}}
    provider = {
        "type": "external",
        "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
        "launch_multiple": True,
        "head_node_id": HEAD,
        "gcs_address": gcs_address,
    }
    return {
        "cluster_name": "fake",
        "max_workers": NUM_MACHINES,
        "idle_timeout_minutes": IDLE_MINUTES,
        "upscaling_speed": 1.0,
        "provider": provider,
        **{key: {} for key in ("auth", "docker", "file_mounts")},
        **{key: [] for key in EMPTY_LISTS},
        "head_node_type": "ray.head.default",
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "machine": {**machine, "min_workers": 0, "max_workers": NUM_MACHINES},
        },
    }


@contextlib.contextmanager
def autoscaling_head(support: Any, folder: Path) -> Generator[str]:
    """A head that starts and stops workers; yields the address that drivers join."""
    port = support.free_port()
    host = subprocess.run(
        [sys.executable, "-c", "import ray; print(ray.util.get_node_ip_address())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    address = f"{host}:{port}"
    config = folder / "cluster.json"
    config.write_text(json.dumps(cluster_config(address)))
    command = [RAY, "start", "--head", "--block", "--num-cpus", "0", "--port", str(port)]
    command += ["--autoscaling-config", str(config), "--dashboard-agent-listen-port", "0"]
    command += ["--include-dashboard", "false"]
    environment = {
        **support.job_environment(),
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_FAKE_CLUSTER": "1",
        "RAY_enable_autoscaler_v2": "1",
        "RAY_CLOUD_INSTANCE_ID": HEAD,
        "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD,
    }
    with (folder / "head.log").open("w") as log:
        head = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            support.wait_for(lambda: support.answers(port), seconds=90)
            time.sleep(5)
            assert head.poll() is None, (folder / "head.log").read_text()
            yield address
        finally:
            os.killpg(head.pid, signal.SIGTERM)
            time.sleep(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(head.pid, signal.SIGKILL)
            for pid in raylets(port):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            head.wait()


def raylets(port: int, *, workers_only: bool = False) -> list[int]:
    """Processes that are a machine of the cluster whose head listens at a port."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            is_raylet = command.split("\0")[0].endswith("/raylet") and f":{port}" in command
            is_head = HEAD in (folder / "environ").read_bytes().decode(errors="replace")
            if is_raylet and not (workers_only and is_head):
                found.append(int(folder.name))
    return found


def test_a_cluster_grows_from_nothing_loses_a_machine_and_shrinks(
    support: Any, workspace: Any, baseline: Path, run_job: Any, tmp_path: Path
) -> None:
    rng = np.random.default_rng(int(os.environ.get("CHAOS_SEED", "0")))
    output = tmp_path / "run"
    flags = [*workspace.flags, "--output", str(output)]
    most = 0
    killed: list[str] = []
    with autoscaling_head(support, tmp_path) as address:
        port = int(address.rpartition(":")[2])
        assert raylets(port, workers_only=True) == []
        driver = subprocess.Popen(
            support.job_command("generate", *flags, "--resources.address", address),
            env=support.job_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for stage in LOSES_IN:
            while driver.poll() is None and not any(output.glob(stage)):
                most = max(most, len(raylets(port, workers_only=True)))
                time.sleep(0.05)
            time.sleep(rng.uniform(0.0, 0.5))
            machines = raylets(port, workers_only=True)
            if driver.poll() is None and machines:
                os.kill(machines[int(rng.integers(len(machines)))], signal.SIGKILL)
                killed.append(stage)
        said = driver.communicate()
        assert driver.returncode == 0, said
        support.wait_for(lambda: raylets(port, workers_only=True) == [], seconds=120)
    print(f"{most} machines at most; killed after the first of {', '.join(killed)}")
    assert killed[0] == LOSES_IN[0]
    assert support.content(str(output)) == support.content(str(baseline))
