"""Frames in, one customer bucket each; their columns out, a few at a time: what memory need not hold.

Frames are kept as long as they are small together; then they lie in a folder of the system's temporary files.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

KEPT = 512 * 1024 * 1024
"""Bytes."""


class Spill:
    """Rows of all buckets, one after the other."""

    def __init__(self) -> None:
        self.heights: list[int] = []
        self._kept: list[pl.DataFrame] = []
        self._size = 0
        self._folder: TemporaryDirectory[str] | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Take the next bucket's rows."""
        self.heights.append(frame.height)
        self._size += int(frame.estimated_size())
        if self._folder is not None:
            frame.write_ipc(self._path(self._folder, len(self.heights) - 1))
            return
        self._kept.append(frame)
        if self._size > KEPT:
            self._folder = TemporaryDirectory(prefix="perennial-value-")
            for bucket, kept in enumerate(self._kept):
                kept.write_ipc(self._path(self._folder, bucket))
            self._kept.clear()

    def read(self, columns: list[str], bucket: int) -> pl.DataFrame:
        """Some columns of a bucket."""
        if self._folder is None:
            return self._kept[bucket].select(columns)
        return pl.read_ipc(self._path(self._folder, bucket), columns=columns)

    def column(self, name: str) -> pl.Series:
        """One column of all buckets; whole numbers may be narrower in some than in others."""
        parts = [self.read([name], bucket)[name] for bucket in range(len(self.heights))]
        if parts[0].dtype.is_integer():
            parts = [part.cast(pl.Int64) for part in parts]
        return pl.concat(parts)

    def close(self) -> None:
        """Remove what lies on the disk."""
        self._kept.clear()
        if self._folder is not None:
            self._folder.cleanup()

    @staticmethod
    def _path(folder: TemporaryDirectory[str], bucket: int) -> Path:
        return Path(folder.name, f"{bucket}.arrow")
