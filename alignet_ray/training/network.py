"""What the loss sees: the backbone under its precision, a head, and a temperature that is learned.

One module, so that all that trains is averaged over ranks together. Dropout is always off.
BatchNorm keeps its running statistics unless it is told to train, because the statistics of a
batch would make two workers differ from one.
"""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from alignet_ray.functional.torch_streams import keyed_generator
from alignet_ray.models.backbones import Backbone

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Network(nn.Module):
    """Pixels to the vectors whose dot products the loss compares with the teacher's.

    `log_ratio` is the logarithm of the learned temperature over the one that training began with;
    vectors are divided by the root of that ratio, so that their dot products are by the ratio.
    """

    log_ratio: nn.Parameter | None

    def __init__(
        self,
        backbone: Backbone,
        head: nn.Linear | None = None,
        *,
        learns_temperature: bool = False,
        is_half: bool = False,
        trains_batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.log_ratio = nn.Parameter(torch.zeros(())) if learns_temperature else None
        self.is_half = is_half
        self.trains_batch_norm = trains_batch_norm
        self.eval()

    def forward(self, pixels: UInt8[Tensor, "batch side side 3"]) -> Float[Tensor, "batch dim"]:
        """Vectors in float32 at least, whatever the passes are made in."""
        return self.behind_trunk(self.trunk(pixels))

    def trunk(self, pixels: UInt8[Tensor, "batch side side 3"]) -> Float[Tensor, "batch dim"]:
        """The representations themselves, in the precision of the passes."""
        with self._precision(pixels):
            return self.backbone(pixels)

    def _precision(self, tensor: Tensor) -> torch.autocast:
        return torch.autocast(tensor.device.type, torch.bfloat16, enabled=self.is_half)

    def behind_trunk(
        self, vectors: Float[Tensor, "*batch inputs"]
    ) -> Float[Tensor, "*batch outputs"]:
        """What the loss sees of representations: through the head, where there is one."""
        if self.head is not None:
            with self._precision(vectors):
                vectors = self.head(vectors)
        vectors = vectors.to(torch.promote_types(vectors.dtype, torch.float32))
        if self.log_ratio is not None:
            vectors = vectors * (-self.log_ratio / 2).exp()
        return vectors

    def train(self, mode: bool = True) -> "Network":
        """BatchNorm follows the mode where it trains; everything else stays in evaluation mode."""
        super().train(False)
        if self.trains_batch_norm:
            for module in self.modules():
                if isinstance(module, _BATCH_NORMS):
                    module.training = mode  # not its activation and dropout
        return self

    def temperature(self, start: float) -> float:
        """The student's temperature now, where it was `start` when training began."""
        if self.log_ratio is None:
            return start
        return start * float(self.log_ratio.detach().exp())


def make_head(dim: int, outputs: int, seed: int) -> nn.Linear:
    """A fresh linear head that keeps the expected length of a vector: the same for a seed."""
    head = nn.Linear(dim, outputs)
    generator = keyed_generator(seed, "head", dim, outputs)
    with torch.no_grad():
        deviation = dim**-0.5
        head.weight.copy_(torch.randn(outputs, dim, generator=generator) * deviation)
        head.bias.zero_()
    return head
