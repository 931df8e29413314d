"""Running what the README says, the way a user does."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

README = (Path(__file__).parent.parent / "README.md").read_text()

# The README's commands at a size for tests: what each of them says in full, and what is run.
SMALLER = {
    "--episodes 200": "--episodes 20",
    "--updates 1000": "--updates 10 --preset debug",
    "s2rm-sc2 evaluate": "s2rm-sc2 evaluate --episodes 2",
    "s2rm-sc2 imagine": "s2rm-sc2 imagine --battles 2 --steps 5",
}


def readme_blocks(language: str) -> list[str]:
    """The README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as a user does, with this virtual environment's programs first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200"}
    return subprocess.run(
        command, shell=True, cwd=cwd, capture_output=True, text=True, timeout=600, env=environment, check=False
    )


@contextmanager
def foreground() -> Iterator[None]:
    """Processes started within can be stopped with Ctrl-C, or by a terminal that is closed.

    What is ignored stays so in children: a shell ignores the one in background jobs, ``nohup`` the other.
    """
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = signal.signal(signal.SIGHUP, lambda *_: None)  # a child that is started has the default again
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGHUP, hang_up)
