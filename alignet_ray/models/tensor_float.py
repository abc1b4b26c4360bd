"""One rule for everything that computes representations: all digits of float32, on GPUs too."""

import torch


def forbid_tensor_float() -> None:
    """Products of float32 matrices, and convolutions, have all their digits, forward and backward.

    Gram matrices need them (method: section 1). A setting of this whole process, made after
    plug-ins had their say.
    """
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
