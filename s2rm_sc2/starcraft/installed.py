"""Where StarCraft II is looked for, and what of it pysc2 will be able to start."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.starcraft.numbers import MAPS

VARIABLE = "SC2PATH"
INSTEAD = "without the game, play the embedded engine (--backend embedded) or a stand-in (s2rm-sc2 standin)"
"""What every message about a missing game offers."""

STANDIN = "the stand-in of s2rm-sc2, not StarCraft II"
"""What each file of a stand-in says near its beginning."""

PROGRAMS = {"Linux": "SC2_x64", "Darwin": "SC2.app/Contents/MacOS/SC2", "Windows": "SC2_x64.exe"}
"""The game's program in a build's folder, by operating system, as pysc2 knows it."""

_DEFAULTS = {"Darwin": "/Applications/StarCraft II", "Windows": "C:/Program Files (x86)/StarCraft II"}
_OLDEST = 55958  # version 3.16.1: pysc2 refuses older ones


@dataclass(frozen=True)
class Installed:
    """A StarCraft II on this machine.

    Attributes:
        folder: where it lies.
        builds: the numbers of the builds that can be started, ascending.
        unfit: the builds that cannot, and why.
        maps: names of the maps in ``Maps/SMAC_Maps``.
        standin: the newest of the builds is our stand-in.
    """

    folder: Path
    builds: tuple[int, ...]
    unfit: Mapping[int, str]
    maps: tuple[str, ...]
    standin: bool


def folder() -> Path:
    """Where StarCraft II is expected: what SC2PATH says, else where it is usually installed."""
    return Path(os.environ.get(VARIABLE, _DEFAULTS.get(platform.system(), "~/StarCraftII"))).expanduser()


def look() -> Installed:
    """What lies where StarCraft II is expected.

    Raises:
        StarCraftMissing: no game is there, or none of its builds can be started.
    """
    place, said = folder(), f"{VARIABLE}={os.environ[VARIABLE]}" if VARIABLE in os.environ else f"{VARIABLE} is unset"
    versions = place / "Versions"
    found = sorted(versions.glob("Base*")) if versions.is_dir() else []
    if not found:
        raise StarCraftMissing(
            f"No StarCraft II was found: {versions}/Base* does not exist ({said}); set {VARIABLE} to the game's "
            f"folder, or {INSTEAD}."
        )
    for path in found:
        if not path.name.removeprefix("Base").isdigit():
            raise StarCraftMissing(
                f"{path} is no build of StarCraft II, and pysc2 starts none beside it; move it elsewhere, or {INSTEAD}."
            )
    why = {int(path.name.removeprefix("Base")): _why_unfit(path) for path in found}
    builds = tuple(sorted(number for number, reason in why.items() if not reason))
    if not builds:
        raise StarCraftMissing(
            f"The StarCraft II in {place} ({said}) cannot be started: {why[max(why)]}; install it anew, or {INSTEAD}."
        )
    return Installed(
        folder=place,
        builds=builds,
        unfit={number: reason for number, reason in why.items() if reason},
        maps=tuple(sorted(path.stem for path in (place / "Maps" / MAPS).glob("*.SC2Map"))),
        standin=is_standins(_program(versions, builds[-1])),
    )


def require(map_name: str) -> None:
    """Check that pysc2, the game and a map are there.

    Raises:
        StarCraftMissing: one of them is not; the message says which, and where it was looked for.
    """
    if find_spec("pysc2") is None:
        raise StarCraftMissing(
            "The package pysc2 is not installed, so StarCraft II cannot be started; install it with: "
            f"pip install 's2rm-sc2[sc2]', or {INSTEAD}."
        )
    found = look()
    if map_name not in found.maps:
        raise StarCraftMissing(
            f"The map {map_name} is not in {found.folder / 'Maps' / MAPS}; copy SMAC's folder {MAPS} (in its "
            f"repository: smac/env/starcraft2/maps/{MAPS}) there, or {INSTEAD}."
        )


def is_standins(path: Path) -> bool:
    """Whether a file is one that the stand-in wrote."""
    try:
        with path.open("rb") as file:
            return STANDIN.encode() in file.read(4096)
    except OSError:
        return False


def _program(versions: Path, build: int) -> Path:
    return versions / f"Base{build:05}" / PROGRAMS.get(platform.system(), PROGRAMS["Linux"])


def _why_unfit(path: Path) -> str:
    """Why pysc2 would not start a build; nothing if it would."""
    build = int(path.name.removeprefix("Base"))
    program = _program(path.parent, build)
    if build < _OLDEST:
        return f"{path} is older than version 3.16.1 (Base{_OLDEST}), the first that can be played by programs"
    if not program.is_file():
        return f"{program} does not exist"
    if not os.access(program, os.X_OK):
        return f"{program} is not executable"
    return ""
