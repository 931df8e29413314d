"""Kernel-modulated dot-product attention (KMDPA): attention that the sphere's kernel confines to neighbours.

S2RM modulates attention weights by ``Z``. Ours is count-preserving: weights are sigmoids, not a softmax, so two
views in reach say twice as much as one, and a query with nothing in reach receives exactly zero.
"""

import math

import torch
from torch import Tensor


def kernel_attention(query: Tensor, key: Tensor, value: Tensor, kernel: Tensor) -> Tensor:
    """``Σ_k σ(q·k / √d) Z v``, head by head.

    Args:
        query: ``[..., Q, H, d]``.
        key: ``[..., K, H, d]``.
        value: ``[..., K, H, v]``.
        kernel: ``[..., Q, K]``, zero for keys out of reach or not there.

    Returns:
        ``[..., Q, H * v]``.
    """
    logits = query.transpose(-2, -3) @ key.transpose(-2, -3).transpose(-1, -2)
    weights = torch.sigmoid(logits / math.sqrt(query.shape[-1])) * kernel.unsqueeze(-3)
    return (weights @ value.transpose(-2, -3)).transpose(-2, -3).flatten(-2)
