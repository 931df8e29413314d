"""What this machine has of what s2rm-sc2 can use: each finding says whether it will do, and if not, what to do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from s2rm_sc2.errors import S2rmError
from s2rm_sc2.scenarios import smac_names
from s2rm_sc2.starcraft import installed, messages, smac_package
from s2rm_sc2.starcraft.numbers import MAPS

ENOUGH_BYTES = 1_000_000_000
"""Free disk that a few thousand episodes and a run need."""


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis.

    Attributes:
        subject: what was looked at.
        good: whether it can be used.
        said: what was found.
        remedy: what to do; empty where nothing need be done.
    """

    subject: str
    good: bool
    said: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, the engine's needs first, the game's last."""
    yield _gpu()
    yield _disk(Path.cwd())
    yield from (_messages(), _pysc2(), _smac(), _game(), _maps())


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", True, f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}")
    return Finding("GPU", True, f"none that PyTorch {torch.__version__} can use: models train on the CPU")


def _disk(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    remedy = "" if free >= ENOUGH_BYTES else "make room, or name a place with more by --out"
    return Finding("free disk", not remedy, f"{free / 1e9:.1f} GB in {place}", remedy)


def _messages() -> Finding:
    def found() -> str:
        module = messages.load()
        kind = "as generated" if getattr(module, "__file__", None) else "built at run time"
        return f"imported {kind}, protobuf {version('protobuf')}"

    return _tried(messages.PACKAGE, found, "pip install 's2rm-sc2[sc2]'")


def _pysc2() -> Finding:
    def found() -> str:
        messages.load()
        from pysc2 import run_configs  # noqa: F401 - what matters is that it can be imported

        return f"imported, version {version('pysc2')}"

    return _tried("pysc2", found, "pip install 's2rm-sc2[sc2]'")


def _smac() -> Finding:
    if find_spec("smac") is None:
        remedy = f"for --backend smac, and to compare with it: {smac_package.INSTALL}"
        return Finding("smac", True, "not installed; only --backend smac needs it", remedy)
    return _tried("smac", lambda: f"SMAC, {smac_package.folder()}", f"pip uninstall smac; {smac_package.INSTALL}")


def _game() -> Finding:
    remedy = f"install the game and set {installed.VARIABLE} to its folder; or play on: s2rm-sc2 standin"

    def found() -> str:
        game = installed.look()
        return f"{game.folder}, builds {', '.join(map(str, game.builds))}"

    return _tried("StarCraft II", found, remedy)


def _maps() -> Finding:
    place = installed.folder() / "Maps" / MAPS
    missing = [name for name in smac_names() if not (place / f"{name}.SC2Map").is_file()]
    said = f"{len(smac_names()) - len(missing)} of {len(smac_names())} in {place}"
    if not missing:
        return Finding("SMAC's maps", True, said)
    remedy = f"copy SMAC's folder smac/env/starcraft2/maps/{MAPS} to {place.parent}"
    return Finding("SMAC's maps", False, f"{said}; without {', '.join(missing[:3])}, ...", remedy)


def _tried(subject: str, find: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(subject, True, find())
    except S2rmError as error:
        return Finding(subject, False, str(error).partition(";")[0], remedy)
    except (ImportError, TypeError, PackageNotFoundError) as error:
        return Finding(subject, False, f"cannot be imported: {error}", remedy)
