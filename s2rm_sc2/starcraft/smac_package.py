"""SMAC's own package, github.com/oxwhirl/smac: whether it is the one that is installed as ``smac``."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.starcraft import messages

INSTALL = "pip install --no-deps git+https://github.com/oxwhirl/smac.git"
"""What installs SMAC; its pins ask for protobuf < 3.21, which it does not need."""


def folder() -> Path:
    """Where SMAC's package lies.

    Raises:
        StarCraftMissing: there is none, or another package of that name.
    """
    spec = find_spec("smac")
    if spec is None:
        raise StarCraftMissing(
            f"SMAC's package is not installed; install it with: {INSTALL}, or play without it (--backend sc2)."
        )
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    for place in places:
        if (place / "env/starcraft2/starcraft2.py").is_file():
            return place
    raise StarCraftMissing(
        f"The package smac in {places[0] if places else spec.origin} is not SMAC but another of that name (SMAC3, "
        f"the optimiser); put SMAC in its place with: pip uninstall smac; {INSTALL}."
    )


def environment() -> Any:  # noqa: ANN401 - SMAC has no types
    """SMAC's class ``StarCraft2Env``.

    Raises:
        StarCraftMissing: SMAC, pysc2 or the game's messages are not installed.
    """
    folder()
    messages.load()  # SMAC's imports fail otherwise with the protobuf that pip installs
    try:
        from smac.env import StarCraft2Env  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ModuleNotFoundError as error:
        raise StarCraftMissing(
            f"SMAC cannot be imported ({error}); install what it needs with: pip install 's2rm-sc2[sc2]'."
        ) from error
    return StarCraft2Env
