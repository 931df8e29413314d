"""The stand-in's websocket: a conversation of requests and responses with each client, at the game's address."""

import os
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from s2rm_sc2.standin.faults import CRASH, HANG, Fault
from s2rm_sc2.standin.session import Session, sc

PATH = "/sc2api"
"""Where the game answers; everything else is not found."""

BANNER = (
    "This is not StarCraft II: it is s2rm-sc2's stand-in, which speaks StarCraft II's protocol and plays the battles "
    "of the embedded engine. Quote no win rate against it as one of SMAC."
)


def open_server(host: str, port: int, faults: Iterator[Fault | None], once: bool = False) -> Server:
    """A listening server; every client has a game of its own, and the next fault.

    Args:
        host: to listen at.
        port: to listen at; 0 for any free one.
        faults: what goes wrong, game by game; none once it is exhausted.
        once: end with the first client, as a game that was started for it does, and crash for real.
    """

    def converse(connection: ServerConnection) -> None:
        try:
            _converse(connection, next(faults, None), once)
        finally:
            if once:
                threading.Thread(target=server.shutdown).start()  # it waits for this very conversation to end

    server = serve(
        converse, host, port, process_request=_only_the_game, compression=None, max_size=None, ping_interval=None
    )
    return server


@contextmanager
def serving(faults: Iterable[Fault | None] = ()) -> Iterator[int]:
    """A server at a free port of this machine, in a thread of this process, as long as the context lasts.

    Yields:
        the port.
    """
    server = open_server("127.0.0.1", 0, iter(faults))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join()


def _only_the_game(connection: ServerConnection, request: Request) -> Response | None:
    return None if request.path == PATH else connection.respond(HTTPStatus.NOT_FOUND, f"The game is at {PATH}.\n")


def _converse(connection: ServerConnection, fault: Fault | None, alone: bool) -> None:
    session, count = Session(), Counter[str]()
    with suppress(ConnectionClosed):
        while session.status != sc.quit:
            request = sc.Request.FromString(connection.recv(decode=False))  # pysc2 sends its bytes as if they were text
            kind = request.WhichOneof("request")
            count[kind] += 1
            due = fault if fault and (kind, count[kind]) == (fault.request, fault.number) else None
            if due and due.kind == CRASH:
                if alone:
                    os._exit(1)
                connection.socket.shutdown(socket.SHUT_RDWR)
                return
            if due and due.kind == HANG:
                while True:  # until the client goes
                    connection.recv(decode=False)
            response = session.answer(request)
            connection.send(due.spoil(response) if due else response.SerializeToString())
