"""How much is waiting in, and whether one more request can be taken, out: rather 503 than a loss."""

import os
import time
from pathlib import Path

from perennial.collector.refusals import busy

LOOK = 1.0
"""Seconds for which the free space of a disk is taken to be what it was."""


class Budget:
    """Bytes of requests that were not answered yet."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Count bytes in; `Refused` with 503 where they would be too many."""
        if self.used + size > self._limit:
            raise busy(f"{self.used:,} bytes are waiting to be written; the limit is {self._limit:,}", 1)
        self.used += size

    def give(self, size: int) -> None:
        """Count them out."""
        self.used -= size


class Disk:
    """The free space where a folder is, which is made when it is first needed."""

    def __init__(self, folder: Path, free_bytes: int) -> None:
        self._folder, self._least = folder, free_bytes
        self._free, self._look_at = 0, 0.0

    def check(self) -> None:
        """`Refused` with 503 where the disk is nearly full."""
        if (now := time.monotonic()) > self._look_at:
            self._look_at = now + LOOK
            self._folder.mkdir(parents=True, exist_ok=True)
            found = os.statvfs(self._folder)
            self._free = found.f_bavail * found.f_frsize
        if self._free < self._least:
            raise busy(f"the disk is nearly full: {self._free:,} bytes free, {self._least:,} needed", 30)
