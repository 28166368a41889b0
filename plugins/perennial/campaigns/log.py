"""Where what comes back from campaigns waits: the collector writes it, and reads nothing else of theirs."""

from pathlib import Path

from perennial.signals.log import FolderLog

TOPIC = ".tracking"
"""A folder of the spool that no dataset can be called like."""


def tracking_log(spool: Path) -> FolderLog:
    """It always lies on the disk; each process of the collector writes to a partition of its own."""
    return FolderLog(spool)
