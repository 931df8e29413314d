"""Results as files: what was asked, and what came of it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluation.control import saved
from evaluation.control.outcome import Point, Result
from s2rm_sc2.backends.learned import Report
from s2rm_sc2.errors import CheckpointBroken


def keep(path: Path, asked: dict[str, Any], result: Result) -> None:
    """Write a result, whole or not at all.

    Args:
        path: of the file.
        asked: plain data; whoever asks for anything else is not given the result.
        result: what came of it.
    """
    saved.replace(path, json.dumps({"asked": asked, "result": asdict(result)}, indent=1).encode())


def kept(path: Path, asked: dict[str, Any]) -> Result | None:
    """What :func:`keep` wrote; None where nothing lies, or what came of another question.

    Raises:
        CheckpointBroken: the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        if content["asked"] != asked:
            return None
        told = content["result"]
        curve = tuple(Point(**point) for point in told["curve"])
        bounds = None if told["bounds"] is None else Report(**told["bounds"])
        return Result(**{**told, "curve": curve, "bounds": bounds})
    except (KeyError, TypeError, ValueError) as problem:
        raise CheckpointBroken(
            f"The result in {path} cannot be read ({type(problem).__name__}: {problem}); delete it and run the same "
            "command again."
        ) from problem
