"""Files of a policy's training: tensors and, as JSON in the header, what they are; whole or not at all, no pickle."""

import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from s2rm_sc2.errors import CheckpointBroken, CheckpointMissing

FORMAT = 1
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
