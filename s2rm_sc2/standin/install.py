"""Writing a folder that pysc2 and SMAC take for StarCraft II's, with the stand-in in place of the game."""

import platform
import sys
from pathlib import Path

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get, smac_names
from s2rm_sc2.standin.battle import Battles
from s2rm_sc2.standin.session import BUILD
from s2rm_sc2.starcraft.numbers import MAPS

MARK = "the stand-in of s2rm-sc2, not StarCraft II"

_PROGRAMS = {"Linux": "SC2_x64", "Darwin": "SC2.app/Contents/MacOS/SC2"}


def write_install(folder: Path) -> Path:
    """Write the stand-in's program and a stub for each of SMAC's maps; what SC2PATH should say is returned.

    Raises:
        BadArgument: a StarCraft II lies there already, or the system is neither Linux nor macOS.
    """
    if platform.system() not in _PROGRAMS:
        raise BadArgument(f"The stand-in cannot be installed on {platform.system()}; use Linux or macOS.")
    program = folder.resolve() / "Versions" / f"Base{BUILD}" / _PROGRAMS[platform.system()]
    if (folder / "Versions").exists() and not (program.is_file() and MARK in program.read_text(errors="replace")):
        raise BadArgument(f"{folder} holds a StarCraft II already; choose another folder for the stand-in.")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\n# {MARK}\nexec "{sys.executable}" -m s2rm_sc2.standin "$@"\n')
    program.chmod(0o755)
    maps = folder / "Maps" / MAPS
    maps.mkdir(parents=True, exist_ok=True)
    for name in smac_names():
        (maps / f"{name}.SC2Map").write_text(f"{name}: a map of {MARK}\n")
    Battles(get("3m"), 0).advance(1)  # the engine is compiled now: a client waits for its first game only so long
    return folder.resolve()
