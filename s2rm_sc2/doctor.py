"""What this machine has of what s2rm-sc2 can use: each finding says whether it will do, and if not, what to do."""

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from s2rm_sc2.errors import BadArgument, S2rmError
from s2rm_sc2.scenarios import smac_names
from s2rm_sc2.starcraft import installed, messages, smac_package
from s2rm_sc2.starcraft.numbers import MAPS

ENOUGH_BYTES = 1_000_000_000
"""Free disk that a few thousand episodes and a run need."""

EXTRA = "pip install 's2rm-sc2[sc2]'"
"""What installs the packages that talk to the game."""

BACKENDS = ("embedded", "sc2", "smac")
"""Who plays; each needs what the one before it needs, and more."""


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis.

    Attributes:
        subject: what was looked at.
        good: whether it can be used.
        said: what was found.
        remedy: what to do, ending in the command where one does it; empty where nothing need be done.
        needed_by: the backends that do not play without it.
    """

    subject: str
    good: bool
    said: str
    remedy: str = ""
    needed_by: tuple[str, ...] = BACKENDS[1:]


def chosen(backend: str | None) -> str:
    """The backend that is asked for: without a name the game, where SC2PATH is set or a game's folder is there.

    Raises:
        BadArgument: there is no such backend.
    """
    if backend is None:
        meant = installed.VARIABLE in os.environ or installed.folder().is_dir()
        return "sc2" if meant else "embedded"
    if backend not in BACKENDS:
        raise BadArgument(f"Backend {backend!r} is unknown; choose one of: {', '.join(BACKENDS)}.")
    return backend


def diagnose(backend: str | None, say: Callable[[str], object]) -> bool:
    """Say each finding, with what to do on a line of its own, and whether the backend has all that it needs.

    Raises:
        BadArgument: there is no such backend.
    """
    asked, lacking = chosen(backend), list[str]()
    for finding in examine():
        needed = asked in finding.needed_by
        say(f"{'ok' if finding.good else 'NO' if needed else 'note':<5} {finding.subject}: {finding.said}")
        if finding.remedy:
            say(f"      {finding.remedy}")
        if needed and not finding.good:
            lacking.append(finding.subject)
    say(f"Not ready for --backend {asked}: {', '.join(lacking)}." if lacking else f"Ready for --backend {asked}.")
    return not lacking


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
    return Finding("free disk", not remedy, f"{free / 1e9:.1f} GB in {place}", remedy, BACKENDS)


def _messages() -> Finding:
    def found() -> str:
        module = messages.load()
        kind = (
            "imported as it was generated"
            if getattr(module, "__file__", None)
            else "its messages are built at run time"
        )
        return f"{kind}, protobuf {version('protobuf')}"

    return _tried(messages.PACKAGE, found, EXTRA)


def _pysc2() -> Finding:
    def found() -> str:
        messages.load()
        from pysc2 import run_configs  # noqa: F401 - what matters is that it can be imported

        return f"imported, version {version('pysc2')}"

    return _tried("pysc2", found, EXTRA)


def _smac() -> Finding:
    def found() -> str:
        smac_package.environment()
        return f"SMAC, imported from {smac_package.folder()}"

    if find_spec("smac") is None:
        return Finding("smac", False, "not installed; only --backend smac needs it", smac_package.INSTALL, ("smac",))
    return _tried("smac", found, f"pip uninstall smac; {smac_package.INSTALL}", ("smac",))


def _game() -> Finding:
    subject, variable = "StarCraft II", installed.VARIABLE
    try:
        game = installed.look()
    except S2rmError as error:
        remedy = f"install the game and set {variable} to its folder; or play on a stand-in for it: s2rm-sc2 standin"
        return Finding(subject, False, str(error).partition(";")[0], remedy)
    said = f"{game.folder}, builds {', '.join(map(str, game.builds))}"
    said += " (a stand-in, not StarCraft II)" if game.standin else ""
    newest = max(game.unfit, default=0)
    if newest > game.builds[-1]:
        remedy = f"mend or move away {game.folder}/Versions/Base{newest}; or name an older build by --game-version"
        return Finding(subject, False, f"the newest build is started, but {game.unfit[newest]}; {said}", remedy)
    return Finding(subject, True, said)


def _maps() -> Finding:
    place = installed.folder() / "Maps" / MAPS
    missing = [name for name in smac_names() if not (place / f"{name}.SC2Map").is_file()]
    said = f"{len(smac_names()) - len(missing)} of {len(smac_names())} in {place}"
    if not missing:
        return Finding("SMAC's maps", True, said)
    target, source = shlex.quote(str(place.parent)), f"smac-maps/smac/env/starcraft2/maps/{MAPS}"
    clone = "git clone --depth 1 https://github.com/oxwhirl/smac.git smac-maps"
    remedy = f"{clone} && mkdir -p {target} && cp -r {source} {target}"
    return Finding("SMAC's maps", False, f"{said}; without {', '.join(missing[:3])}, ...", remedy)


def _tried(subject: str, find: Callable[[], str], remedy: str, needed_by: tuple[str, ...] = BACKENDS[1:]) -> Finding:
    try:
        return Finding(subject, True, find(), needed_by=needed_by)
    except S2rmError as error:
        return Finding(subject, False, str(error).partition(";")[0], remedy, needed_by)
    except Exception as error:  # whatever a package does when it is imported, the diagnosis goes on
        return Finding(subject, False, f"cannot be imported: {' '.join(str(error).split())}", remedy, needed_by)
