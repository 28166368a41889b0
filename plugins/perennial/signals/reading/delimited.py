"""A stream of delimited text in, rows of text with their line numbers out.

Polars reads what is beyond doubt. A block of lines in which anything could be misunderstood, such as a line
with too few fields or a quote in an odd place, is read once more, record by record.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import polars as pl
from polars.exceptions import PanicException, PolarsError

from perennial.signals.dataset import Dataset
from perennial.signals.reading import layout
from perennial.signals.reading.base import BROKEN, Broken, Chunk, FileUnreadable, located
from perennial.signals.reading.doubts import Doubts, Numbers
from perennial.signals.reading.lines import Block, Lines
from perennial.signals.reading.records import Record, records
from perennial.signals.reading.streams import Stream

PIECE = 1 << 18
"""Bytes of a doubtful block that are looked at again by themselves."""
LINES_BACK = 1000
"""How far the end of a block is moved to find one that is not within quotes."""
NO_LINES = np.array([], dtype=np.int64)


def read(file: str, stream: Stream, dataset: Dataset) -> Iterator[Chunk]:
    """The rows of a file; raises `FileUnreadable` and `SchemaMismatch` for the file as a whole."""
    with closing(Lines(stream, dataset.limits.row_bytes)) as lines:
        reader = _Delimited(file, lines, dataset)
        reader.begin()
        yield from reader.chunks()


class _Delimited:
    def __init__(self, file: str, lines: Lines, dataset: Dataset) -> None:
        self._file, self._dataset, self._dialect = file, dataset, dataset.source.csv
        self._longest, self._lines = dataset.limits.row_bytes, lines
        self._line = 1
        self._unfinished = False
        self._schema = pl.Schema()

    def begin(self) -> None:
        """Read what stands above the rows."""
        data = self._skipped()
        names: Sequence[str | None] = self._dialect.names or []
        if self._dialect.header:
            record, rest = self._first(data)
            names, data = [name or "" for name in record.fields], rest
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise FileUnreadable(f"{self._file}: has more than one column {', '.join(twice)}")
        layout.check(self._file, self._dataset, [(str(name),) for name in names])
        self._schema = pl.Schema({str(name): pl.String() for name in names})
        self._lines.put_back_lines(data, len(data))

    def chunks(self) -> Iterator[Chunk]:
        """The rows, block after block; one chunk at the least, so that its columns are known."""
        yield Chunk(self._located(self._schema.to_frame(), NO_LINES), BROKEN.to_frame())
        careful = False
        for block in self._lines:
            if not block.data:
                continue
            broken = Broken(self._file)
            if block.size is not None:
                broken.add_long(self._line, block.data, block.size, self._longest)
                rows, lines = self._schema.to_frame(), NO_LINES
                self._line += 1
            else:
                data = self._whole_records(block.data)
                read = self._quickly(data)
                if read is None and not careful and len(data) > PIECE:
                    # Most of it is beyond doubt: only the pieces that are not must be read with care.
                    careful = not self._lines.put_back_lines(data, PIECE)
                    continue
                rows, lines = read or self._carefully(data, broken)
                # What could not be finished must not be taken apart again.
                careful = self._unfinished
            yield Chunk(self._located(rows, lines), broken.frame())

    def _whole_records(self, data: bytes) -> bytes:
        """The data up to the last line end that is not within quotes; the rest comes with the next block."""
        quote = self._dialect.quote.encode() if self._dialect.quote else None
        if self._lines.ended or quote is None or quote not in data or data.count(quote) % 2 == 0:
            return data
        end = len(data)
        for _ in range(LINES_BACK):
            begin = data.rfind(b"\n", 0, end - 1) + 1
            odd, end = data.count(quote, begin, end) % 2, begin
            if odd:
                break
        if not end:
            return data
        self._lines.put_back(data[end:])
        return data[:end]

    def _quickly(self, data: bytes) -> tuple[pl.DataFrame, Numbers] | None:
        """The rows if there is no doubt about them."""
        self._unfinished = False
        doubts = Doubts(data, self._dialect, self._longest)
        if doubts.before():
            return None
        try:
            rows = pl.read_csv(
                data,
                has_header=False,
                schema=self._schema,
                separator=self._dialect.delimiter,
                quote_char=self._dialect.quote,
                infer_schema=False,
            )
        except (PolarsError, PanicException):
            return None
        begins = doubts.starts(rows.height)
        if begins is None or doubts.after(rows):
            return None
        lines, physical = begins
        first, self._line = self._line, self._line + physical
        return rows, np.arange(first, first + rows.height) if lines is None else lines + first

    def _carefully(self, data: bytes, broken: Broken) -> tuple[pl.DataFrame, Numbers]:
        rows: list[list[str | None]] = []
        lines: list[int] = []
        end = 0
        width = len(self._schema)
        for record in self._records(data, width):
            if len(record.raw) > self._longest:
                broken.add_long(self._line, record.raw, len(record.raw), self._longest)
            elif record.reason is not None:
                broken.add(self._line, record.raw.rstrip(b"\r\n"), record.reason)
            elif record.fields:
                rows.append(record.fields)
                lines.append(self._line)
            self._line += record.lines
            end = record.end
        self._unfinished = end < len(data)
        self._lines.put_back(data[end:])
        return pl.DataFrame(rows, schema=self._schema, orient="row"), np.array(lines, dtype=np.int64)

    def _records(self, data: bytes, width: int | None) -> Iterator[Record]:
        return records(data, self._dialect, width, final=self._lines.ended, longest=self._longest)

    def _skipped(self) -> bytes:
        """The first lines behind those that are to be skipped."""
        data = self._take().data
        if not data:
            raise FileUnreadable(f"{self._file}: is empty, without even a header")
        for _ in range(self._dialect.skip_lines):
            end = data.find(b"\n") + 1
            data = data[end:] if end else b""
            data = data or self._take().data
            self._line += 1
        return data

    def _first(self, data: bytes) -> tuple[Record, bytes]:
        """The header, and what follows it."""
        while data:
            for record in self._records(data, None):
                self._line += record.lines
                data = data[record.end :] or self._take().data
                if record.reason is not None:
                    raise self._no_header(record.reason)
                if record.fields:
                    self._check_header(record)
                    return record, data
                break
            else:
                data += self._take().data
        raise FileUnreadable(f"{self._file}: has no header")

    def _take(self) -> Block:
        block = self._lines.take()
        if block.size is not None:
            raise self._no_header(f"its first line has {block.size} bytes")
        return block

    def _check_header(self, record: Record) -> None:
        if len(record.raw) > self._longest:
            raise self._no_header(f"its first line has {len(record.raw)} bytes")
        if b"\0" in record.raw or b"\r" in record.raw.rstrip(b"\r\n"):
            raise self._no_header("it holds bytes that end no line and are no text")

    def _no_header(self, why: str) -> FileUnreadable:
        return FileUnreadable(
            f"{self._file}: the header cannot be read: {why}; see the file's encoding, its compression and "
            "`source.csv` in the dataset's document"
        )

    def _located(self, rows: pl.DataFrame, lines: Numbers) -> pl.DataFrame:
        nulls = self._dialect.null_values
        if nulls:
            rows = rows.with_columns(pl.when(~pl.all().is_in(nulls)).then(pl.all()).name.keep())
        return located(rows, self._file, lines)
