"""Frames in, one customer bucket each; their columns out, a few at a time: what memory need not hold.

A single bucket is kept; several lie in a folder of the system's temporary files.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl


class Spill:
    """Rows of all buckets, one after the other."""

    def __init__(self) -> None:
        self.heights: list[int] = []
        self._kept: pl.DataFrame | None = None
        self._folder = TemporaryDirectory(prefix="perennial-value-")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept = None
        self._folder.cleanup()

    def add(self, frame: pl.DataFrame) -> None:
        """Take the next bucket's rows."""
        if not self.heights:
            self._kept = frame
        else:
            self._write()
            frame.write_ipc(self._path(len(self.heights)))
        self.heights.append(frame.height)

    def read(self, columns: list[str], bucket: int | None = None) -> pl.DataFrame:
        """Some columns of one bucket, or of all, in their order."""
        if self._kept is not None:
            return self._kept.select(columns)
        chosen = range(len(self.heights)) if bucket is None else [bucket]
        return pl.concat([pl.read_ipc(self._path(n), columns=columns) for n in chosen])

    def column(self, name: str) -> pl.Series:
        """One column of all buckets."""
        return self.read([name])[name]

    def placed(self, name: str, index: np.ndarray) -> np.ndarray:
        """A column of whole numbers, each value at the place that `index` gives its row."""
        values = np.empty(len(index), dtype=np.int64)
        values[index] = self.column(name).to_numpy()
        return values

    def _write(self) -> None:
        """Once there are several buckets, none is kept."""
        if self._kept is not None:
            self._kept.write_ipc(self._path(0))
            self._kept = None

    def _path(self, bucket: int) -> Path:
        return Path(self._folder.name, f"{bucket}.arrow")
