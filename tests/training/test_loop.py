"""Whole training runs without Ray: repeatability, two ranks, export, faults."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torch.distributed
from safetensors.torch import load_file

from alignet_ray.config.distillation import LossConfig
from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.config.validation import ValidationConfig
from alignet_ray.errors import InputError, RecordError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
from alignet_ray.training.export import exported_pins
from alignet_ray.training.loop import train_student
from alignet_ray.training.metrics import VALIDATIONS_NAME, read_log
from alignet_ray.training.plan import make_plan
from alignet_ray.training.report.job import write_report
from alignet_ray.training.report.record import read_facts
from alignet_ray.training.world import World

RANK_SCRIPT = Path(__file__).with_name("rank.py")


def _train(config: TrainConfig, observer: Any, **options: Any) -> dict[str, Any]:
    return train_student(config, make_plan(config), World(), observer, **options)


def _log(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(output, "logs/train.jsonl").read_text().splitlines()]


def _weights(output: str) -> dict[str, torch.Tensor]:
    return load_file(Path(output, "model.safetensors"))


def _train_as_two_ranks(config: TrainConfig, folder: Path, observer: Any) -> dict[str, Any]:
    """Rank 0 here, rank 1 in a process of its own, joined by gloo."""
    job, rendezvous = folder / "job.pickle", folder / "rendezvous"
    job.write_bytes(pickle.dumps(config))
    with subprocess.Popen([sys.executable, str(RANK_SCRIPT), str(rendezvous), str(job)]) as other:
        try:
            torch.distributed.init_process_group(
                "gloo", init_method=f"file://{rendezvous}", rank=0, world_size=2
            )
            world, plan = World(rank=0, size=2), make_plan(config)
            figures = train_student(config, plan, world, observer, precision=torch.float64)
            torch.distributed.destroy_process_group()
            assert other.wait(timeout=60) == 0
        finally:
            other.kill()
    return figures


@pytest.mark.slow
def test_two_ranks_equal_one(make_config: Any, tmp_path: Path, listener: Any) -> None:
    options = {"steps": 6, "loss": LossConfig(weight_decay_to_init=0.01)}
    one, two = make_config("one", **options), make_config("two", **options, num_workers=2)
    alone = _train(one, listener, precision=torch.float64)
    together = _train_as_two_ranks(two, tmp_path, listener)
    traces = [_log(config.output) for config in (one, two)]
    assert len(traces[0]) == 6
    for left, right in zip(*traces, strict=True):
        for name in ("loss", "accuracy", "gradient_norm", "squared_distance", "learning_rate"):
            assert left[name] == pytest.approx(right[name], abs=1e-6, rel=1e-6)
    assert together["validation"]["after"]["kl"] == pytest.approx(
        alone["validation"]["after"]["kl"], abs=1e-6
    )
    for name, tensor in _weights(one.output).items():
        torch.testing.assert_close(_weights(two.output)[name], tensor, atol=1e-6, rtol=1e-6)


def test_the_same_command_gives_the_same_weights_and_it_learns(
    make_config: Any, listener: Any
) -> None:
    first, second = make_config("a", steps=20), make_config("b", steps=20)
    figures = _train(first, listener)
    _train(second, listener)
    mine, theirs = _weights(first.output), _weights(second.output)
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    validation = figures["validation"]
    assert validation["after"]["kl"] < 0.7 * validation["before"]["kl"]
    assert listener.steps == 40
    other = make_config("c", steps=20, seed=1)
    _train(other, listener)
    assert any(not torch.equal(mine[n], t) for n, t in _weights(other.output).items())


def test_timm_loads_the_student_and_gives_its_outputs(make_config: Any, listener: Any) -> None:
    config = make_config()
    _train(config, listener)
    path = str(Path(config.output, "model.safetensors"))
    model = timm.create_model(config.student.name, checkpoint_path=path).eval()
    record = read_student(Folder.at(config.output))
    ours = load_backbone(record.aligned.as_config(), expected_sha256=record.aligned.weights_sha256)
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    images = (pixels.permute(0, 3, 1, 2) / 255 - ours.mean) / ours.std
    expected = model.forward_head(model.forward_features(images), pre_logits=True)
    torch.testing.assert_close(ours(pixels), expected)
    assert record.initial.weights_sha256 != record.aligned.weights_sha256
    assert record.training["settings"]["runs"]["run_0"]["shards"] == 3
    assert record.training["data"]["runs"][0]["strategy"] == "cluster_border"
    named = timm.create_model(f"local-dir:{config.output}", pretrained=True, num_classes=0).eval()
    torch.testing.assert_close(named(images), expected)


def test_validations_are_logged_and_the_report_has_what_it_shows(
    make_config: Any, listener: Any
) -> None:
    config = make_config(steps=5, validation=ValidationConfig(every_steps=2))
    figures = _train(config, listener)
    folder = Folder.at(config.output)
    validations = read_log(folder, VALIDATIONS_NAME)
    assert [own["step"] for own in validations] == [0, 2, 4, 5]
    for own, state in ((validations[0], "before"), (validations[-1], "after")):
        assert own == {"step": own["step"], **figures["validation"][state]}
    facts = read_facts(folder)
    assert facts is not None
    assert facts.looked_at == 4 * 12
    assert folder.sizes("logs/tensorboard")
    assert b"report of a student" in Path(write_report(folder)).read_bytes()


def test_weight_decay_pulls_to_the_initial_weights(make_config: Any, listener: Any) -> None:
    distances = []
    for factor in (0.0, 1.0, 100.0):
        config = make_config(
            f"decay{factor}", steps=12, loss=LossConfig(weight_decay_to_init=factor)
        )
        _train(config, listener)
        distances.append(_log(config.output)[-1]["squared_distance"])
    assert distances[0] > 2 * distances[1] > 4 * distances[2] > 0


def test_running_statistics_and_unused_weights_stay(make_config: Any, listener: Any) -> None:
    config = make_config()
    _train(config, listener)
    torch.manual_seed(config.seed)
    initial = load_backbone(config.student).trunk.state_dict()
    trained = _weights(config.output)
    for name in initial:
        is_still = "running_" in name or name.startswith("classifier") or "batches" in name
        assert torch.equal(initial[name], trained[name]) == is_still, name


def test_lost_groups_are_named_and_training_goes_on(
    make_run: Any, make_config: Any, listener: Any
) -> None:
    root = make_run(validation=())
    shard = Path(root, "shards/train/000001.tar")
    shard.write_bytes(shard.read_bytes()[:70_000])
    data = StreamingConfig(num_streams=2, tolerate_bad_shards=True, max_skipped_fraction=0.5)
    config = make_config(runs=(root,), data=data)
    _train(config, listener)
    assert len(_log(config.output)) == 4
    assert [line for line in listener.lines if "000001.tar: 70,000 bytes" in line]
    pins, steps = exported_pins(Folder.at(config.output))
    assert steps == 4
    assert make_plan(config, pins).start == pins


def test_a_truncated_shard_is_one_line_that_names_it(
    make_run: Any, make_config: Any, listener: Any
) -> None:
    root = make_run(validation=())
    shard = Path(root, "shards/train/000001.tar")
    shard.write_bytes(shard.read_bytes()[:5000])
    config = make_config(runs=(root,))
    with pytest.raises(RecordError, match=r"000001\.tar: 5,000 bytes; expected the [\d,]+ bytes"):
        _train(config, listener)
    shard.unlink()
    with pytest.raises(RecordError, match=r"000001\.tar: missing"):
        _train(config, listener)


def test_an_altered_group_is_one_line_that_names_it(
    make_run: Any, make_config: Any, listener: Any
) -> None:
    root = make_run(validation=())
    shard = Path(root, "shards/train/000000.tar")
    data = bytearray(shard.read_bytes())
    data[700] ^= 1
    shard.write_bytes(data)
    with pytest.raises(RecordError, match="group 000000-00000 has another SHA-256"):
        _train(make_config(runs=(root,)), listener)


def test_a_loss_that_is_not_finite_stops_the_run(make_config: Any, listener: Any) -> None:
    config = make_config(learning_rate=1e30, warmup_steps=0)
    with pytest.raises(InputError, match="expected finite numbers"):
        _train(config, listener)


def test_every_figure_of_a_step_is_finite_before_it_is_written(
    make_config: Any, listener: Any
) -> None:
    config = make_config(learning_rate=1e18, warmup_steps=0, validation=ValidationConfig(images=0))
    with pytest.raises(InputError, match=r"squared distance|gradient norm|loss"):
        _train(config, listener)
    assert "Infinity" not in Path(config.output, "logs/train.jsonl").read_text()


def test_with_a_head_the_model_without_it_is_measured_too(make_config: Any, listener: Any) -> None:
    config = make_config(loss=LossConfig(head="linear", head_dim=8))
    figures = _train(config, listener)
    for moment in ("before", "after"):
        own = figures["validation"][moment]
        assert 0 <= own["without_head"]["accuracy"] <= 1
        assert own["without_head"]["expected_agreement"] <= own["expected_ceiling"]
    plain = _train(make_config("plain"), listener)["validation"]["before"]
    beside = figures["validation"]["before"]["without_head"]
    assert beside == {name: pytest.approx(plain[name]) for name in beside}


def test_a_student_that_is_too_soft_or_saturated_is_warned_of(
    make_config: Any, listener: Any
) -> None:
    for temperature in (1e9, 1e-9):
        options = {
            "steps": 1,
            "warmup_steps": 0,
            "loss": LossConfig(student_temperature=temperature),
        }
        _train(make_config(f"t{temperature}", **options), listener)
    said = "\n".join(listener.lines)
    assert "too soft to learn" in said
    assert "saturated" in said
