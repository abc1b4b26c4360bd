"""Joining or starting Ray, finding devices, and bringing workers' errors home as our own.

The only place that asks what the runtime is.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Generator
from pathlib import Path

import ray
import ray.exceptions

import alignet_ray
from alignet_ray.config.resources import RayResources, Resources
from alignet_ray.errors import AlignetError, ResourceError
from alignet_ray.stages.progress import note

_FORWARDED_ENVIRONMENT = (
    "STORAGE_EMULATOR_HOST",
    "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT",
    "NO_GCE_CHECK",
    "RAY_TRAIN_V2_ENABLED",
)
_POLL_SECONDS = 1.0
_WORKER_DEATHS = (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError)
_NODE_DEATHS = (
    ray.exceptions.LocalRayletDiedError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.ObjectLostError,
)


@contextlib.contextmanager
def ray_session(resources: RayResources, *, outlives_sigterm: bool = False) -> Generator[None]:
    """Ray for the length of a job: the cluster that is named, or one of this machine's own.

    Errors that workers raised come out as the AlignetError that they were. `outlives_sigterm`: a
    Ray of the job's own goes on at a SIGTERM to all its processes, so that work can be kept.
    """
    starts = not ray.is_initialized()
    if starts:
        with _deaf_to_sigterm() if outlives_sigterm else contextlib.nullcontext():
            _connect(resources)
            _hear_sigterm()
    try:
        with unwrapped_errors():
            yield
    finally:
        if starts:
            ray.shutdown()


@contextlib.contextmanager
def _deaf_to_sigterm() -> Generator[None]:
    """Processes that start inside never hear SIGTERM, and neither do theirs; this one hears it
    afterwards.

    `timeout`, systemd and batch systems signal every process of a job at once. A blocked signal is
    inherited, whoever leads the group. Ray ends its processes by SIGKILL a second after SIGTERM.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hear_sigterm() -> None:
    """End at SIGTERM as at Ctrl-C, in one line. After Ray's start, whose own handler prints a trace
    of its C++ core.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def joins_cluster(resources: RayResources) -> bool:
    """Whether a job joins a cluster that is there, rather than start a Ray of its own."""
    return resources.address is not None or "RAY_ADDRESS" in os.environ


def _connect(resources: RayResources) -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray's C++ core writes its own warnings to the user's terminal; our errors are one line.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    environment = {k: os.environ[k] for k in _FORWARDED_ENVIRONMENT if k in os.environ}
    # Torch's threads spin while they wait, and starve whatever else shares their cores.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    runtime: dict[str, object] = {"env_vars": environment}
    address = resources.address
    joins = joins_cluster(resources)
    where = f"joining Ray at {address or os.environ['RAY_ADDRESS']}" if joins else "starting Ray"
    note(where, is_shown=resources.progress)
    if joins and "RAY_JOB_CONFIG_JSON_ENV_VAR" not in os.environ:
        runtime["py_modules"] = [str(Path(alignet_ray.__file__).parent)]
    try:
        with _quiet_start():
            ray.init(
                # Without "local" Ray would join whatever was last started on this machine.
                address=(address or os.environ["RAY_ADDRESS"]) if joins else "local",
                num_cpus=None if joins else resources.num_cpus,
                include_dashboard=None if joins else False,
                runtime_env=runtime,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
    except ConnectionError as error:
        raise ResourceError(
            "no Ray answers", "a running cluster", address or os.environ.get("RAY_ADDRESS", ""),
            "Check --resources.address, or leave it out to run on this machine.",
        ) from error  # fmt: skip
    except Exception as error:  # Ray raises bare ones, for a node that died while it started
        first_line = _first_line(error)
        raise ResourceError(
            f"Ray did not start ({first_line})", "a node of Ray",
            remedy="Run the same command again; Ray's own logs are in /tmp/ray.",
        ) from error  # fmt: skip


@contextlib.contextmanager
def _quiet_start() -> Generator[None]:
    """Keep what Ray's C++ core says of its own log level off the terminal."""
    saved = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@contextlib.contextmanager
def unwrapped_errors() -> Generator[None]:
    """Raise the AlignetError inside a Ray error in its place."""
    try:
        yield
    except Exception as error:
        own = _find_own(error)
        first_line = _first_line(error)
        if own is None and isinstance(error, _WORKER_DEATHS):
            raise ResourceError(
                f"workers died again and again ({first_line})", "a task that fits its machine",
                remedy="Give more memory, smaller parts or smaller shards.",
            ) from error  # fmt: skip
        if own is None and isinstance(error, _NODE_DEATHS):
            raise ResourceError(
                f"a node of Ray died ({first_line})", "a machine that stays",
                remedy="Run the same command again: what is finished is kept.",
            ) from error  # fmt: skip
        if own is None or own is error:
            raise
        raise own from error


def _first_line(error: BaseException) -> str:
    return "".join(str(error).strip().splitlines()[:1])[:200]


def _find_own(error: BaseException) -> AlignetError | None:
    """Our error in the chain of causes, also where Ray re-made its class as RayTaskError(X)."""
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        current = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, AlignetError) and not isinstance(
            current, ray.exceptions.RayTaskError
        ):
            return current
        linked = (getattr(current, "cause", None), current.__cause__, current.__context__)
        queue.extend(item for item in linked if isinstance(item, BaseException))
    return None


def num_cluster_cpus() -> int:
    """CPU cores of live nodes."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def choose_device(resources: Resources) -> str:
    """`cuda` or `cpu`; `auto` looks at live nodes only, `cuda` waits for a node that has one.

    Raises ResourceError where no GPU appears within the time-out.
    """
    if resources.device == "cpu":
        return "cpu"
    has_gpu = ray.cluster_resources().get("GPU", 0) > 0
    if resources.device == "auto":
        return "cuda" if has_gpu else "cpu"
    if not has_gpu:
        _wait_for_gpu(resources.timeout_seconds)
    return "cuda"


def _touch_gpu() -> bool:
    return True


def _wait_for_gpu(timeout_seconds: float) -> None:
    """Ask for one GPU, so that an autoscaler brings a node, and wait for the answer."""
    request = ray.remote(num_gpus=1, num_cpus=0, max_retries=0)(_touch_gpu).remote()
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        ready, _ = ray.wait([request], timeout=_POLL_SECONDS)
        if ready:
            return
    ray.cancel(request)
    raise ResourceError(
        f"no GPU after {timeout_seconds:g} s", "a node with a GPU", "--resources.device cuda",
        "Start one, raise --resources.timeout-seconds, or say --resources.device cpu.",
    )  # fmt: skip


def largest_node_cpus(*, has_gpu: bool = False) -> int:
    """CPU cores of the largest live node, of those with a GPU if need be: what one task can ask
    for. 1 where no such node lives, which is what an autoscaler can always bring.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cores = [node.get("CPU", 0) for node in nodes if node.get("GPU", 0) > 0 or not has_gpu]
    return max(1, int(max(cores, default=0)))
