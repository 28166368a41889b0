"""Topics in folders: `<spool>/<topic>/<partition>` holds the segments of one writer at a time.

A writer takes the first partition that nobody writes to, so that several processes write side by side without
waiting for each other, and a restarted one goes on where the one before it ended.
"""

from dataclasses import dataclass
from pathlib import Path

from perennial.signals.log import segments
from perennial.signals.log.base import LogBusyError, Writer
from perennial.signals.log.segments import LogWriter

MOST = 1000
"""Partitions of a topic: more writers than that at once are a mistake."""


@dataclass(frozen=True)
class FolderLog:
    """The stream's log in a folder of the local disk."""

    spool: Path
    segment_bytes: int = segments.SEGMENT_BYTES
    name: str = "folder"
    """Which log it is."""

    def writer(self, topic: str) -> Writer:
        """The writer of the first free partition."""
        for partition in range(MOST):
            try:
                return LogWriter(self._folder(topic, partition), self.segment_bytes)
            except LogBusyError:
                continue
        raise LogBusyError(f"{self.spool / topic}: all of {MOST} partitions are being written to")

    def partitions(self, topic: str) -> list[int]:
        """Those that have a folder."""
        return sorted(int(path.name) for path in (self.spool / topic).glob("*") if path.name.isdigit())

    def read(self, topic: str, partition: int, offset: int, max_bytes: int) -> tuple[list[bytes], int]:
        """Records of one partition; an offset counts bytes."""
        return segments.read(self._folder(topic, partition), offset, max_bytes=max_bytes)

    def end(self, topic: str, partition: int) -> int:
        """The bytes that were written to a partition, ever."""
        return segments.end(self._folder(topic, partition))

    def trim(self, topic: str, partition: int, before: int) -> int:
        """Whole segments before the offset; returns bytes."""
        return segments.trim(self._folder(topic, partition), before)

    def _folder(self, topic: str, partition: int) -> Path:
        return self.spool / topic / str(partition)
