"""The program that stands in for StarCraft II's: takes its arguments, serves one client, ends with it."""

import argparse
import os
import signal
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.faults import Fault
from s2rm_sc2.standin.server import BANNER, open_server


def main() -> None:
    """Serve the client that started the program, or whoever comes to one that was started by hand."""
    parser = argparse.ArgumentParser(prog="s2rm_sc2.standin", description=BANNER, allow_abbrev=False)
    parser.add_argument("-listen", metavar="HOST", default="127.0.0.1", help="by default this machine alone")
    parser.add_argument("-port", type=int, default=5000, help="by default 5000")
    parser.add_argument("-tempDir", dest="owned", help="given by a program that starts the game and ends with it")
    asked, _ = parser.parse_known_args()  # the game knows more of them
    if asked.owned:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that plays; it closes the game
    print(BANNER, file=sys.stderr)  # noqa: T201
    fault = _fault()
    try:
        server = open_server(asked.listen, asked.port, iter([fault]), once=bool(asked.owned))
    except (OSError, OverflowError) as error:
        sys.exit(f"The stand-in cannot listen at {asked.listen}:{asked.port} ({error}); choose another address.")
    with server:
        threading.Thread(target=import_module, args=("s2rm_sc2.standin.battle",), daemon=True).start()  # takes seconds
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            os._exit(0)  # nothing is to be saved, and waiting for threads at work has hung


def _fault() -> Fault | None:
    """The fault that this game shall have; one that strikes at its start does so here."""
    file = os.environ.get(faults.VARIABLE)
    try:
        fault = faults.take(Path(file)) if file else None
    except (BadArgument, OSError) as error:
        sys.exit(f"No fault can be taken out of {faults.VARIABLE}={file}: {error}")
    if fault and fault.request == faults.START:
        if fault.kind == faults.CRASH:
            sys.exit(1)
        elif fault.kind == faults.HANG:
            signal.pause()
        elif fault.kind == faults.SLOW:
            time.sleep(faults.SLOW_SECONDS)
    return fault


if __name__ == "__main__":
    main()
