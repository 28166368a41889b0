"""`python -m perennial.collector` runs the receiver until it is told to stop; `... token` makes a token."""

import argparse
from typing import Any

import uvicorn

from perennial.collector import tokens
from perennial.collector.connections import BoundedConnection
from perennial.collector.settings import CollectorSettings

GRACE = 20
"""Seconds that requests under way have to come to their end when the collector stops."""
SERVER: dict[str, Any] = {
    "loop": "uvloop",
    "http": BoundedConnection,
    "ws": "none",
    "lifespan": "on",
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "backlog": 4096,
    "timeout_graceful_shutdown": GRACE,
}
"""How the requests are served."""


def main() -> None:
    """Run the command that the arguments name, with the settings of the environment."""
    parser = argparse.ArgumentParser(prog="python -m perennial.collector", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    making = commands.add_parser("token", help="make a token for a source, and print it once")
    making.add_argument("name", help="of the source: letters, digits, and _ . -")
    making.add_argument("--datasets", default="*", help="those that it may write, as a,b; all by default")
    given = parser.parse_args()
    if given.command == "token":
        token(given.name, given.datasets)
    else:
        serve()


def serve() -> None:
    """Serve until SIGTERM; requests under way are answered first."""
    settings = CollectorSettings.from_env()
    uvicorn.run(
        "perennial.collector.app:from_env",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        **SERVER,
    )


def token(name: str, datasets: str) -> None:
    """Make a token and print it; the collector takes it up within a second."""
    file = CollectorSettings.from_env().tokens
    if file is None:
        raise SystemExit("no file of tokens: set PERENNIAL_COLLECTOR_TOKENS")
    print(tokens.make(file, name, datasets.split(",")))


if __name__ == "__main__":
    main()
