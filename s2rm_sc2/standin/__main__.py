"""The program that stands in for StarCraft II's: takes its arguments, serves one client, ends with it."""

import argparse
import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path

from s2rm_sc2.standin import faults
from s2rm_sc2.standin.server import BANNER, open_server


def main() -> None:
    """Serve the client that started the program."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-listen", default="127.0.0.1")
    parser.add_argument("-port", type=int, default=5000)
    asked, _ = parser.parse_known_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that plays; it closes the game
    print(BANNER, file=sys.stderr)  # noqa: T201
    file = os.environ.get(faults.VARIABLE)
    fault = faults.take(Path(file)) if file else None
    if fault and fault.request == faults.START:
        if fault.kind == faults.CRASH:
            sys.exit(1)
        signal.pause()
    with open_server(asked.listen, asked.port, iter([fault]), once=True) as server:
        threading.Thread(target=import_module, args=("s2rm_sc2.standin.battle",), daemon=True).start()  # takes seconds
        server.serve_forever()


if __name__ == "__main__":
    main()
