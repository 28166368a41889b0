"""Files in, chunks of raw rows out: of any kind, one file after another, in memory that does not grow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

import polars as pl

from perennial.object_stores import Storage
from perennial.signals.dataset import Dataset
from perennial.signals.reading import columnar, delimited, jsonlines, sources
from perennial.signals.reading.base import BROKEN, Chunk
from perennial.signals.reading.streams import Decompressed, InUtf8, Plain, Stream

CHUNK_ROWS = 250_000
"""Few enough for the cores' caches, many enough that what each chunk costs does not matter (measured)."""
CHUNK_BYTES = 512 << 20
"""Of the rows in memory: wide rows come in smaller chunks."""
UTF8 = {"utf-8", "utf8", "utf_8", "utf-8-sig", "utf_8_sig", "u8", "ascii", "us-ascii"}


def chunks(
    files: Sequence[str], dataset: Dataset, storage: Storage | None = None, rows: int = CHUNK_ROWS
) -> Iterator[Chunk]:
    """The rows of these files, at most `rows` at once; small files come together in one chunk.

    Raises `SourceMissing`, `FileUnreadable`, `SchemaMismatch` or `StoreUnavailable` for a file as a whole,
    even after other rows of it were given.
    """
    gathered = _Gathered()
    for file in files:
        for chunk in _read(file, dataset, storage, rows):
            for piece in _pieces(chunk, rows):
                if gathered.lines and gathered.would_exceed(piece, rows):
                    yield gathered.take()
                gathered.add(piece)
    if gathered.rows:
        yield gathered.take()


def _pieces(chunk: Chunk, rows: int) -> Iterator[Chunk]:
    """A chunk as chunks of at most so many rows; what is broken comes with the first."""
    yield Chunk(chunk.rows.head(rows), chunk.broken)
    for start in range(rows, chunk.rows.height, rows):
        yield Chunk(chunk.rows.slice(start, rows), BROKEN.to_frame())


def _read(file: str, dataset: Dataset, storage: Storage | None, rows: int) -> Iterator[Chunk]:
    kind = sources.kind(file, dataset.source.format)
    if kind == "parquet":
        yield from columnar.read(file, dataset, rows, storage)
        return
    with sources.open_file(file, storage) as raw:
        stream = _stream(raw, file, dataset, kind == "csv")
        read = delimited.read if kind == "csv" else jsonlines.read
        yield from read(file, stream, dataset)


def _stream(raw: IO[bytes], file: str, dataset: Dataset, is_csv: bool) -> Stream:
    ending = sources.compression(file)
    stream: Stream = Plain(raw) if ending is None and not sources.is_remote(file) else raw
    if ending is not None:
        stream = Decompressed(raw, ending, file, dataset.limits.file_bytes)
    encoding = dataset.source.csv.encoding.lower() if is_csv else "utf-8"
    return stream if encoding in UTF8 else InUtf8(stream, encoding)


@dataclass
class _Gathered:
    """Rows that were read and not given yet."""

    rows: list[pl.DataFrame] = field(default_factory=list)
    broken: list[pl.DataFrame] = field(default_factory=list)
    lines: int = 0
    size: int = 0

    def would_exceed(self, chunk: Chunk, rows: int) -> bool:
        """Or whether it has other columns: these files do not go together in one frame."""
        return (
            self.lines + chunk.rows.height > rows
            or self.size > CHUNK_BYTES
            or self.rows[0].schema != chunk.rows.schema
        )

    def add(self, chunk: Chunk) -> None:
        if not self.lines:
            self.rows = [chunk.rows]
        elif chunk.rows.height:
            self.rows.append(chunk.rows)
        if chunk.broken.height:
            self.broken.append(chunk.broken)
        self.lines += chunk.rows.height + chunk.broken.height
        self.size += int(chunk.rows.estimated_size())

    def take(self) -> Chunk:
        """Everything; nothing is left then."""
        rows = pl.concat(self.rows) if len(self.rows) > 1 else self.rows[0]
        chunk = Chunk(rows, pl.concat([BROKEN.to_frame(), *self.broken]))
        self.rows, self.broken, self.lines, self.size = [], [], 0, 0
        return chunk
