"""A process of the crash test: `land` takes messages, `ingest` the files of all days, again and again."""

import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from perennial.settings import Settings
from perennial.signals.log import open_log
from perennial.stages.signals import ingest_batch, land_messages
from perennial.stages.workspace import Workspace

FIRST = date(2017, 12, 1)
DAYS = 12


def land(workspace: Workspace) -> int:
    """Land what is there; returns the messages read."""
    log = open_log(workspace.settings.spool)
    return sum(report.read for report in land_messages(workspace, "clicks", log, datetime.now(UTC)))


def ingest(workspace: Workspace) -> None:
    """Take every day's file."""
    for number in range(DAYS):
        ingest_batch(workspace, "orders", FIRST + timedelta(days=number), datetime.now(UTC))


def workspace(root: Path) -> Workspace:
    return Workspace(Settings(root / "include", str(root / "lake"), str(root / "landing"), root / "spool"))


def main(what: str, root: str) -> None:
    print("ready", flush=True)
    while True:
        if what == "land":
            land(workspace(Path(root)))
            time.sleep(0.05)
        else:
            ingest(workspace(Path(root)))


if __name__ == "__main__":
    main(*sys.argv[1:])
