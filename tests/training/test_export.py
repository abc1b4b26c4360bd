"""An exported student is found again with its figures, and refuses other settings."""

import pytest

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.errors import MismatchError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
from alignet_ray.training.export import export_student, exported_figures

TINY = BackboneConfig(
    name="test_vit", random_init=True, preprocessing=PreprocessingConfig(resolution=160)
)


def test_an_empty_folder_has_no_figures(tmp_path) -> None:
    assert exported_figures(Folder.at(str(tmp_path)), {"a": 1}) is None


def test_figures_come_back_and_other_settings_are_refused_by_name(tmp_path) -> None:
    folder, backbone = Folder.at(str(tmp_path)), load_backbone(TINY)
    export_student(folder, backbone, {"learning_rate": 0.1}, {"loss": 0.5}, {})
    assert exported_figures(folder, {"learning_rate": 0.1}) == {"loss": 0.5}
    with pytest.raises(MismatchError, match="learning_rate"):
        exported_figures(folder, {"learning_rate": 0.2})


def test_a_random_start_can_be_had_again_beside_the_trained_weights(tmp_path) -> None:
    folder, backbone = Folder.at(str(tmp_path)), load_backbone(TINY)
    first = next(backbone.trunk.parameters())
    first.data.add_(1.0)
    export_student(folder, backbone, {}, {}, {})
    student = read_student(folder)
    before = load_backbone(student.initial.as_config())
    after = load_backbone(student.aligned.as_config())
    assert before.resolved.weights_sha256 == student.initial.weights_sha256
    assert after.resolved.weights_sha256 == student.aligned.weights_sha256
    assert before.resolved.weights_sha256 != after.resolved.weights_sha256
