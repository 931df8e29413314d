"""A training's log: a JSON line for every update, always, and TensorBoard besides where it is asked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s2rm_sc2.errors import BadArgument

LOG, TENSORBOARD = "log.jsonl", "tensorboard"


def read_log(run: Path) -> list[dict[str, Any]]:
    """The lines of a run's log in the order of its updates; none where it has no log, and not a half-written one."""
    path = run / LOG
    lines = []
    for text in path.read_text().splitlines() if path.is_file() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("update"), int):
            lines.append(line)
    return lines


def logged_seconds(run: Path) -> float | None:
    """How long a run was trained, interruptions left out, by its log; None where it has none.

    Args:
        run: the run's folder, or a checkpoint file in it.
    """
    lines = read_log(run if run.is_dir() else run.parent)
    return float(lines[-1]["seconds"]) if lines else None


def need_tensorboard() -> None:
    """Make sure that TensorBoard's files can be written.

    Raises:
        BadArgument: its package is not installed.
    """
    try:
        import torch.utils.tensorboard  # noqa: F401 - only to see whether it can be
    except ImportError as missing:
        raise BadArgument(
            "--tensorboard needs a package that is not installed; pip install 's2rm-sc2[tensorboard]', or leave the "
            f"option out: {LOG} holds the same figures."
        ) from missing


class Log:
    """Writes a run's log.

    Args:
        run: the run's folder; gets ``log.jsonl`` and, if asked for, ``tensorboard/``.
        update: updates that the run has behind it; what its log says of later ones was lost with them and is dropped.
        tensorboard: write TensorBoard's files too.

    Attributes:
        seconds: that the training had taken when the last of these updates was done.
    """

    def __init__(self, run: Path, update: int, tensorboard: bool) -> None:
        self._path = run / LOG
        kept = [line for line in read_log(run) if line["update"] <= update]
        partial = self._path.with_suffix(".partial")  # the log is the clock of a training by minutes
        partial.write_text("".join(f"{json.dumps(line)}\n" for line in kept))
        partial.replace(self._path)
        self.seconds = float(kept[-1]["seconds"]) if kept else 0.0
        self._writer: Any = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(run / TENSORBOARD), purge_step=update + 1)

    def write(self, line: Mapping[str, Any]) -> None:
        """Append what an update was like; lists are counted in TensorBoard."""
        with self._path.open("a") as log:
            log.write(json.dumps(line) + "\n")
        if self._writer is not None:
            for name, value in line.items():
                number = len(value) if isinstance(value, list) else value
                self._writer.add_scalar(name, number, line["update"])
            self._writer.flush()

    def close(self) -> None:
        """End TensorBoard's file."""
        if self._writer is not None:
            self._writer.close()
