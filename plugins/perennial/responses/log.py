"""Where webhooks wait to land: the collector writes them, and nobody else."""

from pathlib import Path

from perennial.signals.log import FolderLog

FOLDER = ".webhooks"
"""A folder of the spool that no dataset can be called like."""


def webhook_log(spool: Path) -> FolderLog:
    """A topic for each provider, on the disk; each process that writes has a partition of its own."""
    return FolderLog(spool / FOLDER)
