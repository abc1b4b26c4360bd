"""A checkpoint is whole or it is not taken."""

from pathlib import Path

import pytest
import torch

from alignet_ray.errors import RecordError
from alignet_ray.records.checkpoints import (
    CHECKPOINTS_FOLDER,
    RECORD_NAME,
    Checkpoint,
    best_of,
    newest_whole,
    read_checkpoints,
    read_tensors,
    remove_checkpoints,
    write_checkpoint,
)
from alignet_ray.records.digests import sha256
from alignet_ray.records.store import Folder

TENSORS = {
    "trunk.blocks.0.weight": torch.arange(6.0).reshape(2, 3),
    "trunk.counter": torch.tensor(3),
    "optimizer.step.blocks.0.weight": torch.tensor(4.0),
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.at(str(tmp_path))


def _write(folder: Folder, *steps: int, kl: dict[int, float] | None = None) -> None:
    for step in steps:
        checkpoint = Checkpoint(step=step, settings={"seed": 0}, state={}, kl=(kl or {}).get(step))
        write_checkpoint(folder, checkpoint, TENSORS)


def _path(folder: Folder, step: int, name: str) -> Path:
    return Path(folder.url, CHECKPOINTS_FOLDER, f"{step:08d}", name)


@pytest.mark.parametrize("scheme", ["", "memory://checkpoints"])
def test_what_was_written_comes_back(scheme: str, folder: Folder, tmp_path: Path) -> None:
    place = Folder.at(f"{scheme}{tmp_path}")
    _write(place, 12, kl={12: 0.5})
    (checkpoint,) = read_checkpoints(place)
    assert (checkpoint.step, checkpoint.settings, checkpoint.kl) == (12, {"seed": 0}, 0.5)
    tensors = read_tensors(place, checkpoint)
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype
    assert set(checkpoint.files) == {"trunk.safetensors", "optimizer.safetensors"}


def test_the_same_state_has_the_same_bytes(folder: Folder, tmp_path: Path) -> None:
    other = Folder.at(str(tmp_path / "other"))
    _write(folder, 3)
    _write(other, 3)
    for name in (RECORD_NAME, "trunk.safetensors", "optimizer.safetensors"):
        assert _path(folder, 3, name).read_bytes() == _path(other, 3, name).read_bytes()


@pytest.mark.parametrize("harm", ["truncate", "lose", "alter", "garble", "unfinished"])
def test_a_torn_checkpoint_gives_way_to_the_one_before(folder: Folder, harm: str) -> None:
    _write(folder, 5, 9)
    weights, record = _path(folder, 9, "trunk.safetensors"), _path(folder, 9, RECORD_NAME)
    if harm == "truncate":
        weights.write_bytes(weights.read_bytes()[:-5])
    elif harm == "lose":
        weights.unlink()
    elif harm == "alter":
        weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    elif harm == "garble":
        record.write_bytes(b'{"step": 9')
    else:
        record.unlink()
    found = newest_whole(folder, read_checkpoints(folder))
    assert found is not None
    assert found[0].step == 5


def test_nothing_whole_is_none(folder: Folder) -> None:
    assert newest_whole(folder, read_checkpoints(folder)) is None
    _write(folder, 5)
    _path(folder, 5, "optimizer.safetensors").write_bytes(b"")
    assert newest_whole(folder, read_checkpoints(folder)) is None


def test_another_version_is_one_line_that_names_it(folder: Folder) -> None:
    _write(folder, 5)
    record = _path(folder, 5, RECORD_NAME)
    record.write_bytes(record.read_bytes().replace(b'"version":1', b'"version":9'))
    with pytest.raises(RecordError, match=r"00000005/checkpoint\.json: version 9; expected 1"):
        read_checkpoints(folder)


def test_the_best_has_the_lowest_kl_and_comes_first(folder: Folder) -> None:
    _write(folder, 1, 2, 3, 4, kl={2: 0.3, 3: 0.2, 4: 0.2})
    best = best_of(read_checkpoints(folder))
    assert best is not None
    assert best.step == 3
    assert best_of([c for c in read_checkpoints(folder) if c.step == 1]) is None


def test_removing_keeps_what_is_named_and_what_is_newer(folder: Folder) -> None:
    _write(folder, 1, 2, 3, 4)
    _path(folder, 1, RECORD_NAME).unlink()  # torn ones go too
    remove_checkpoints(folder, {2}, before=4)
    assert [c.step for c in read_checkpoints(folder)] == [2, 4]
    assert not _path(folder, 1, "").exists()
    remove_checkpoints(folder, set())
    assert not Path(folder.url, CHECKPOINTS_FOLDER).exists()


@pytest.mark.parametrize("name", ["../../a.safetensors", "/etc/a.safetensors", "gs://b/a", ".."])
def test_a_name_that_leads_out_of_a_checkpoint_is_refused(folder: Folder, name: str) -> None:
    checkpoint = Checkpoint(step=3, settings={}, state={}, files={name: "0" * 64})
    with pytest.raises(RecordError, match=r"checkpoint.json: a file .*; expected the name of a"):
        read_tensors(folder, checkpoint)


def test_a_file_of_no_tensors_is_a_record_error_though_its_digest_fits(folder: Folder) -> None:
    data = (1 << 62).to_bytes(8, "little")
    folder.write(f"{CHECKPOINTS_FOLDER}/00000003/trunk.safetensors", data)
    files = {"trunk.safetensors": sha256(data)}
    with pytest.raises(RecordError, match=r"trunk.safetensors: unreadable .*header too large"):
        read_tensors(folder, Checkpoint(step=3, settings={}, state={}, files=files))
