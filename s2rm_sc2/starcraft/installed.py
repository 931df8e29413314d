"""Where StarCraft II is looked for, and what of it is there."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.starcraft.numbers import MAPS

VARIABLE = "SC2PATH"
DEFAULT = "~/StarCraftII"
INSTEAD = "without the game, play the embedded engine (--backend embedded)"
"""What every message about a missing game offers."""


@dataclass(frozen=True)
class Installed:
    """A StarCraft II on this machine.

    Attributes:
        folder: where it lies.
        builds: the numbers of its builds, ascending.
        maps: names of the maps in ``Maps/SMAC_Maps``.
    """

    folder: Path
    builds: tuple[int, ...]
    maps: tuple[str, ...]


def folder() -> Path:
    """Where StarCraft II is expected: what SC2PATH says, else ``~/StarCraftII``."""
    return Path(os.environ.get(VARIABLE) or DEFAULT).expanduser()


def look() -> Installed:
    """What lies where StarCraft II is expected.

    Raises:
        StarCraftMissing: no game is there.
    """
    place, said = folder(), f"{VARIABLE}={os.environ[VARIABLE]}" if os.environ.get(VARIABLE) else f"{VARIABLE} is unset"
    versions = place / "Versions"
    bases = [path.name.removeprefix("Base") for path in versions.glob("Base*")] if versions.is_dir() else []
    builds = tuple(sorted(int(base) for base in bases if base.isdigit()))
    if not builds:
        raise StarCraftMissing(
            f"No StarCraft II was found: {versions}/Base* does not exist ({said}); set {VARIABLE} to the game's "
            f"folder, or {INSTEAD}."
        )
    maps = tuple(sorted(path.stem for path in (place / "Maps" / MAPS).glob("*.SC2Map")))
    return Installed(place, builds, maps)


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
