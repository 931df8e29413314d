"""Writing a folder that pysc2 and SMAC take for StarCraft II's, with the stand-in in place of the game."""

import os
import platform
import shlex
import sys
from pathlib import Path

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get, smac_names
from s2rm_sc2.standin.battle import Battles
from s2rm_sc2.standin.session import BUILD
from s2rm_sc2.starcraft.installed import PROGRAMS, STANDIN, is_standins
from s2rm_sc2.starcraft.numbers import MAPS


def write_install(folder: Path) -> Path:
    """Write the stand-in's program and a stub for each of SMAC's maps; what SC2PATH should say is returned.

    Files of an earlier stand-in are written anew, all others are left as they are.

    Raises:
        BadArgument: something of StarCraft II lies there already, the folder cannot be written to, or the system is
            neither Linux nor macOS.
    """
    if platform.system() not in ("Linux", "Darwin"):
        raise BadArgument(f"The stand-in cannot be installed on {platform.system()}; use Linux or macOS.")
    folder = folder.expanduser().resolve()
    build, maps = folder / "Versions" / f"Base{BUILD}", folder / "Maps" / MAPS
    program = build / PROGRAMS[platform.system()]
    files = {maps / f"{name}.SC2Map": f"{name}: a map of {STANDIN}\n" for name in smac_names()}
    # exec: pysc2 ends the process that it started, which has to be the stand-in itself
    files[program] = f'#!/bin/sh\n# {STANDIN}\nexec {shlex.quote(sys.executable)} -m s2rm_sc2.standin "$@"\n'
    try:
        others = {path for path in build.parent.iterdir() if path != build} if build.parent.is_dir() else set()
        others |= {path for path in files if os.path.lexists(path) and not is_standins(path)}
        if others:
            raise BadArgument(
                f"{folder} holds a StarCraft II already ({min(others)} is not the stand-in's); choose another folder."
            )
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        program.chmod(0o755)
    except OSError as error:
        raise BadArgument(
            f"The stand-in cannot be written to {folder} ({error.strerror}: {error.filename}); choose another folder."
        ) from error
    Battles(get("3m"), 0).advance(1)  # the engine is compiled now: a client waits for its first game only so long
    return folder
