"""Datasets of text columns, and what a reader makes of files that are written on the spot."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.signals.dataset import Dataset
from perennial.signals.reading import LINE, chunks
from perennial.signals.reading.base import HIDDEN


def dataset(*columns: str, required: Sequence[str] = (), **more: Any) -> Dataset:
    """Records whose columns are all texts; the first one is the key."""
    source = {"history": "all", **more.pop("source", {})}
    kinds: dict[str, Any] = {name: {"type": "string", "required": name in required} for name in columns}
    kinds[columns[0]] = {"type": "string", "required": True}
    document: dict[str, Any] = {
        "name": "things",
        "title": "Things",
        "kind": "record",
        "source": source,
        "key": [columns[0]],
        "columns": kinds,
    }
    return Dataset.model_validate({**document, **more})


class Found:
    """Everything that a reader gave: rows, their lines, and what is broken as (line, raw, reasons)."""

    def __init__(self, files: Sequence[str], things: Dataset, **how: Any) -> None:
        self.chunks = list(chunks(files, things, **how))
        frames = [chunk.rows for chunk in self.chunks]
        self.frame = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()
        self.lines = self.frame[LINE].to_list() if frames else []
        broken = [row for chunk in self.chunks for row in chunk.broken.rows()]
        self.broken = [(line, raw, reasons) for _, line, raw, reasons in broken]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return self.frame.drop([name for name in HIDDEN if name in self.frame.columns]).rows()


Read = Callable[..., Found]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a file with these bytes, and read it as a dataset."""

    def write_and_read(content: bytes | str, things: Dataset, name: str = "things.csv", **how: Any) -> Found:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Found([str(file)], things, **how)

    return write_and_read
