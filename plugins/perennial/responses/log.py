"""Where webhooks wait to land: the collector writes them, and nobody else."""

from datetime import timedelta
from pathlib import Path

from perennial.signals.log import FolderLog

FOLDER = ".webhooks"
"""A folder of the spool that no dataset can be called like."""


SEGMENT_BYTES = 4 * 1024 * 1024
"""Of a file: whole files are freed, and posts name people."""
KEEP = timedelta(days=7)
"""How long posts that have landed stay, for the case that the lake must be restored."""


def webhook_log(spool: Path) -> FolderLog:
    """A topic for each provider, on the disk; each process that writes has a partition of its own."""
    return FolderLog(spool / FOLDER, SEGMENT_BYTES)
