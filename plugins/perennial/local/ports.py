"""Free TCP ports of the loopback interface."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def free_ports(wanted: Mapping[str, int | None]) -> dict[str, int]:
    """A different free port for each name: the one wished for if it is free, otherwise any."""
    with ExitStack() as held:
        return {name: _take(held, wish) for name, wish in wanted.items()}


def _take(held: ExitStack, wish: int | None) -> int:
    for port in (wish, 0) if wish else (0,):
        listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        # Without it, connections in TIME_WAIT of a stack just stopped would make the port look taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError:
            continue
        return int(listener.getsockname()[1])
    raise OSError(f"no free TCP port on {LOOPBACK}")
