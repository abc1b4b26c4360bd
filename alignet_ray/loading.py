"""An aligned student in a few lines of anybody's code: its model and its preprocessing.

student = alignet_ray.load_student("gs://bucket/student")
vectors = student.embed([Image.open("cat.jpg"), Image.open("dog.jpg")])
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn

from alignet_ray.config.layers import Representation
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import Backbone, load_backbone, represent
from alignet_ray.models.plugins import import_plugins
from alignet_ray.models.preprocessing import to_pixels, upright_rgb
from alignet_ray.models.tensor_float import forbid_tensor_float
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, read_student

_BATCH_SIZE = 64


class StudentModel(nn.Module):
    """Transformed images to the representations that were aligned.

    `trunk` is the module of timm or open_clip itself, with a classifier where it had one; the
    classifier was not trained along.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.trunk = backbone.trunk
        self._representation: Representation = backbone.resolved.representation

    def forward(self, images: Float[Tensor, "images 3 side side"]) -> Float[Tensor, "images dim"]:
        """Representations, whose dot products are the similarities that were trained."""
        return represent(self.trunk, images, self._representation)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AlignedStudent:
    """A student as it came out of training; `record` says from what and how."""

    model: StudentModel
    backbone: Backbone
    record: Student

    def __repr__(self) -> str:
        return f"AlignedStudent({self.name}, {self.dim:,} dimensions)"

    @property
    def name(self) -> str:
        """The backbone's name in timm or open_clip."""
        return self.record.aligned.name

    @property
    def dim(self) -> int:
        """Length of a representation."""
        return self.record.aligned.dim

    def transform(self, image: Image.Image) -> Float[Tensor, "3 side side"]:
        """A picture as the model takes it: upright, RGB, resized, mean and std applied.

        A plain callable, as data sets of torchvision and timm want it.
        """
        channels_first = torch.from_numpy(self._pixels(image)).permute(2, 0, 1).float() / 255
        return (channels_first - self.backbone.mean.cpu()) / self.backbone.std.cpu()

    @torch.no_grad()
    def embed(
        self, images: Sequence[Image.Image], *, batch_size: int = _BATCH_SIZE
    ) -> Float[Tensor, "images dim"]:
        """Representations of pictures, one a row, on the CPU."""
        self.backbone.to(next(self.model.parameters()).device)  # the model may have been moved
        was_training = self.model.training
        self.model.eval()
        try:
            return self._embedded(images, batch_size)
        finally:
            self.model.train(was_training)

    def _embedded(
        self, images: Sequence[Image.Image], batch_size: int
    ) -> Float[Tensor, "images dim"]:
        device = self.backbone.mean.device
        starts = range(0, len(images), batch_size)
        chunks = (images[start : start + batch_size] for start in starts)
        batches = (torch.from_numpy(np.stack([self._pixels(own) for own in c])) for c in chunks)
        pieces = [self.backbone(batch.to(device)).cpu() for batch in batches]
        return torch.cat(pieces) if pieces else torch.empty(0, self.dim)

    def _pixels(self, image: Image.Image) -> UInt8[np.ndarray, "side side 3"]:
        return to_pixels(upright_rgb(image), self.record.aligned.preprocessing).copy()


def load_student(
    path: str, *, device: str = "cpu", plugins: Sequence[str] | str = ()
) -> AlignedStudent:
    """The student in a folder that train wrote, at a local path or URL, in evaluation mode.

    `plugins` are the modules or .py files that register a model of your own. Raises InputError
    where there is no student or its weights are not those that its record names.
    """
    import_plugins([plugins] if isinstance(plugins, str) else plugins)
    forbid_tensor_float()
    record = read_student(Folder.at(str(path)))
    try:
        backbone = load_backbone(
            record.aligned.as_config(), expected_sha256=record.aligned.weights_sha256
        ).to(device)
    except InputError as error:
        raise error.reworded("--plugins", "plugins=[...]") from error
    return AlignedStudent(model=StudentModel(backbone).eval(), backbone=backbone, record=record)
