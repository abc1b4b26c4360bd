"""What the end of an attempt means: our own error, a lost worker, or a fault."""

import ray.exceptions
import ray.train
import torch.distributed

from alignet_ray.errors import RecordError, ResourceError
from alignet_ray.training.attempt import WorkersLost, meaning

DIED = ray.exceptions.ActorDiedError()
PEER = RuntimeError("[gloo/transport/tcp/pair.cc:561] Connection closed by peer")


def _failed(*failures: Exception) -> ray.train.WorkerGroupError:
    return ray.train.WorkerGroupError("failed", dict(enumerate(failures)))


def test_an_error_of_our_own_comes_before_what_it_brought_about() -> None:
    own = RecordError("torn")
    assert meaning(_failed(PEER, own, DIED)) is own


def test_a_dead_worker_is_named_rather_than_the_one_that_missed_it() -> None:
    found = meaning(_failed(PEER, DIED))
    assert isinstance(found, WorkersLost)
    assert found.is_counted
    assert "ActorDiedError" in found.reason
    for comms in (PEER, torch.distributed.DistBackendError("NCCL timeout")):
        assert isinstance(meaning(_failed(comms)), WorkersLost)


def test_a_dead_controller_is_a_lost_worker_too() -> None:
    assert isinstance(meaning(DIED), WorkersLost)


def test_a_node_that_was_taken_away_is_nobodys_fault() -> None:
    info = ray.train.PreemptionInfo(deadline_ms=None, preempted_node_to_ranks={"node": [0]})
    found = meaning(ray.train.PreemptionError(preemption_info=info, drain_timed_out=True))
    assert isinstance(found, WorkersLost)
    assert not found.is_counted


def test_a_fault_comes_out_as_it_is() -> None:
    fault = ZeroDivisionError("a fault")
    assert meaning(_failed(fault)) is fault
    assert meaning(fault) is fault


def test_a_full_gpu_is_no_fault_of_ours() -> None:
    error = ray.train.WorkerGroupError("", {0: torch.OutOfMemoryError("CUDA out of memory")})
    found = meaning(error)
    assert isinstance(found, ResourceError)
    assert "--micro-batch-images" in str(found)
