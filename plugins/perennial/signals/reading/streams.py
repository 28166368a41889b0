"""Files in, streams of bytes out: from a disk or an object store, decompressed and brought into UTF-8.

A stream is read in pieces of a bounded size, however large the file, and ends with an error where the file
grows beyond what its dataset allows.
"""

import bz2
import codecs
import gzip
import lzma
import os
import zlib
from collections.abc import Callable
from typing import IO, Any, Protocol, cast

import pyarrow as pa

from perennial.signals.reading.base import FileUnreadable

COMPRESSIONS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".lzma": lzma.LZMAFile,
    ".zst": lambda raw: pa.CompressedInputStream(raw, "zstd"),
    ".lz4": lambda raw: pa.CompressedInputStream(raw, "lz4"),
}
"""How a file is decompressed, by the last ending of its name."""
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, OSError, pa.ArrowException, ValueError)
PIECE = 1 << 20


class Stream(Protocol):
    """Bytes, from their beginning to their end."""

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""


class Plain:
    """A file on a disk, read at a position, so that lines need not be put together again."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._number, self._raw = raw.fileno(), raw
        self._position = 0

    def read(self, size: int) -> bytes:
        found = os.pread(self._number, size, self._position)
        self._position += len(found)
        return found

    def read_lines(self, size: int) -> bytes:
        """About so many bytes, up to the end of a line where one comes within a piece."""
        after = os.pread(self._number, PIECE, self._position + size - 1)
        return self.read(size + max(0, after.find(b"\n")))


class Decompressed:
    """What a compressed stream holds, up to a limit."""

    def __init__(self, raw: IO[bytes], ending: str, file: str, limit: int) -> None:
        self._file, self._limit, self._given = file, limit, 0
        try:
            self._inner = COMPRESSIONS[ending](raw)
        except DAMAGED as error:
            raise self._damaged(error) from None

    def read(self, size: int) -> bytes:
        try:
            found = cast(bytes, self._inner.read(size))
        except DAMAGED as error:
            raise self._damaged(error) from None
        self._given += len(found)
        if self._given > self._limit:
            raise FileUnreadable(
                f"{self._file}: holds more than {self._limit} bytes once it is decompressed; deliver it in "
                "parts, or raise `limits.file_bytes` in the dataset's document"
            )
        return found

    def _damaged(self, error: Exception) -> FileUnreadable:
        return FileUnreadable(f"{self._file}: cannot be decompressed, it is damaged or cut off: {error}")


class InUtf8:
    """Text in another encoding as UTF-8; what is not valid there becomes bytes that are not valid here."""

    def __init__(self, inner: Stream, encoding: str) -> None:
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=INVALID)
        self._ended = False

    def read(self, size: int) -> bytes:
        found = b""
        while not found and not self._ended:
            piece = self._inner.read(size)
            self._ended = not piece
            text = self._decoder.decode(piece, final=self._ended)
            found = text.encode("utf-8", errors="surrogatepass")
        return found


INVALID = "perennial_invalid"


def _invalid(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    raise error


codecs.register_error(INVALID, _invalid)
