"""A stream of lines with one JSON object each in, rows of text with their line numbers out."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import polars as pl

from perennial.signals.dataset import Dataset
from perennial.signals.reading.base import Broken, Chunk, FileUnreadable
from perennial.signals.reading.lines import Lines
from perennial.signals.reading.streams import Stream
from perennial.signals.reading.texts import Texts


def read(file: str, stream: Stream, dataset: Dataset) -> Iterator[Chunk]:
    """The records of a file; lines without anything on them are none. Raises `FileUnreadable`."""
    reader, longest = Texts(dataset), dataset.limits.row_bytes
    line = 1
    nothing = reader.chunk([], file, [])
    yield nothing
    with closing(Lines(stream, longest)) as lines:
        for block in lines:
            if block.size is not None:
                broken = Broken(file)
                broken.add_long(line, block.data, block.size, longest)
                yield Chunk(nothing.rows, broken.frame())
                line += 1
            elif block.data:
                texts = block.data.removesuffix(b"\n").split(b"\n")
                numbers: Sequence[int] = range(line, line + len(texts))
                line += len(texts)
                there = [n for n, text in enumerate(texts) if text and not text.isspace()]
                if len(there) < len(texts):
                    texts, numbers = [texts[n] for n in there], [numbers[n] for n in there]
                yield reader.chunk(texts, file, numbers)
    if line == 1:
        raise FileUnreadable(f"{file}: is empty")


def messages(
    texts: Sequence[bytes | str] | pl.Series, dataset: Dataset, file: str, lines: Sequence[int] | None = None
) -> Chunk:
    """JSON texts, each one record, such as messages of a stream or quarantined rows that come again.

    `lines` are their positions, 1 and up if not given.
    """
    given = [text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in texts]
    return Texts(dataset).chunk(given, file, range(1, len(given) + 1) if lines is None else lines)
