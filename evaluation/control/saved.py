"""Files of a policy's training: tensors and, as JSON in the header, what they are; whole or not at all, no pickle."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from s2rm_sc2.errors import CheckpointBroken, CheckpointMissing

FORMAT = 2
_KEY = "s2rm_sc2_policy"


def write(path: Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Write a file; equal contents, equal bytes."""
    content = save(tensors, metadata={_KEY: json.dumps({"format": FORMAT, **header}, sort_keys=True)})
    replace(path, content)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What :func:`write` wrote.

    Raises:
        CheckpointMissing: there is no such file.
        CheckpointBroken: it is truncated, or not one of these.
    """
    if not path.is_file():
        raise CheckpointMissing(f"No policy lies at {path}; train one first: s2rm-sc2 control.")
    try:
        with safe_open(path, framework="pt") as opened:
            header = json.loads((opened.metadata() or {})[_KEY])
            if header.pop("format") != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            return header, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, KeyError, TypeError, ValueError) as problem:
        raise CheckpointBroken(
            f"{path} cannot be read ({type(problem).__name__}: {problem}); delete it and run the same command again."
        ) from problem


def weights(module: nn.Module) -> dict[str, Tensor]:
    """A module's tensors, which share its memory; TorchRL's parameter sets add notes of their own, which are none."""
    return {name: value for name, value in module.state_dict().items() if isinstance(value, Tensor)}


@torch.no_grad()
def fill(module: nn.Module, found: dict[str, Tensor], path: Path) -> None:
    """Write tensors into a module, by the names of :func:`weights`.

    Raises:
        CheckpointBroken: one is missing, or of another shape.
    """
    for name, value in weights(module).items():
        if name not in found or found[name].shape != value.shape:
            raise CheckpointBroken(f"The networks in {path} are not those that it describes; delete it and train anew.")
        value.copy_(found[name])
