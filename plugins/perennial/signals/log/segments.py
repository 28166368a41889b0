"""One durable, append-only sequence of byte records in a folder: what was acknowledged survives a crash.

Records go in through one writer and come out, from any position on, through any number of readers in other
processes. A position ("offset") is a count of bytes since the log began; it never changes its meaning.

On disk a log is a sequence of segments, each named after the offset of its first byte. A record is framed
by its length and a CRC-32 of length and content, so that a write that a crash cut short is recognised.
"""

import fcntl
import math
import os
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType

from perennial.signals.log.base import LogBusyError, LogDamagedError, LogGapError, LogUnwritableError

FRAME = struct.Struct("<II")
WORD = struct.Struct("<I")
SEGMENT_BYTES = 64 * 1024 * 1024
READ_BYTES = 32 * 1024 * 1024


def _framed(records: Sequence[bytes]) -> bytes:
    pieces: list[bytes] = []
    for record in records:
        length = WORD.pack(len(record))
        pieces += (length, WORD.pack(zlib.crc32(record, zlib.crc32(length))), record)
    return b"".join(pieces)


def _scan(content: bytes) -> tuple[list[bytes], int]:
    """The whole records at the start of `content`, and how many bytes they take."""
    records, position = [], 0
    while position + FRAME.size <= len(content):
        length, checksum = FRAME.unpack_from(content, position)
        end = position + FRAME.size + length
        record = content[position + FRAME.size : end]
        if end > len(content) or zlib.crc32(record, zlib.crc32(content[position : position + 4])) != checksum:
            break
        records.append(record)
        position = end
    return records, position


def _segments(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.stem), path) for path in folder.glob("*.log"))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LogWriter:
    """The one writer of a log; opening it sets aside what a crash left unfinished."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open or create the log in `folder`; `LogBusyError` where another process has it open."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._segment_bytes, self._unsure = folder, segment_bytes, b""
        self._lock = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise LogBusyError(f"{folder}: another process writes to this log") from None
        segments = _segments(folder)
        base, path = segments[-1] if segments else (0, folder / f"{0:020d}.log")
        self._open(base, path)

    def _open(self, base: int, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        content = path.read_bytes()
        _, size = _scan(content)
        if torn := content[size:]:
            (self._folder / f"{base + size:020d}.torn").write_bytes(torn)
            os.ftruncate(file, size)
        os.fsync(file)
        _sync_folder(self._folder)
        self._file, self._base, self._size = file, base, size

    @property
    def offset(self) -> int:
        """Where the next record will stand."""
        return self._base + self._size

    def append(self, records: Sequence[bytes]) -> int:
        """Write the records, all on disk when this returns; the offset after the last of them.

        Raises `LogUnwritableError` where the disk does not take them. A reader may have seen them already:
        they keep their place, and the next call writes them again before its own.
        """
        try:
            if self._unsure:
                self._write(self._unsure)
            if self._size >= self._segment_bytes:
                full = self._file
                self._open(self.offset, self._folder / f"{self.offset:020d}.log")
                os.close(full)
            self._write(_framed(records))
        except OSError as error:
            raise LogUnwritableError(f"{self._folder}: the disk did not take the records: {error}") from error
        return self.offset

    def _write(self, content: bytes) -> None:
        self._unsure, written = content, 0
        while written < len(content):
            written += os.pwrite(self._file, content[written:], self._size + written)
        os.fdatasync(self._file)
        self._unsure = b""
        self._size += len(content)

    def close(self) -> None:
        """Let go of the log."""
        os.close(self._file)
        os.close(self._lock)

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(
    folder: Path, from_offset: int = 0, until: int | None = None, max_bytes: int = READ_BYTES
) -> tuple[list[bytes], int]:
    """The records from `from_offset` on, and the offset to read from next time.

    Returns at most about `max_bytes`, nothing at or after `until`, and the same `from_offset` with no records
    where nothing new has come. What is returned is on disk: a crash cannot take it back.
    """
    segments = _segments(folder)
    current = [(base, path) for base, path in segments if base <= from_offset]
    if not current:
        if segments:
            raise LogGapError(
                f"{folder}: the records from offset {from_offset} on were trimmed; the log begins at "
                f"{segments[0][0]}. Read from there if what stood before has landed, else restore its files"
            )
        if from_offset:
            raise LogDamagedError(
                f"{folder}: there is no log, and it was read up to offset {from_offset}; restore its files"
            )
        return [], 0
    base, path = current[-1]
    with path.open("rb") as file:
        os.fsync(file.fileno())
        if (end := base + os.fstat(file.fileno()).st_size) < from_offset:
            raise LogDamagedError(
                f"{folder}: the log ends at {end}, but was read up to offset {from_offset}; restore its files"
            )
        file.seek(from_offset - base)
        content = file.read(max(max_bytes, FRAME.size))
        if len(content) >= FRAME.size and FRAME.unpack_from(content)[0] + FRAME.size > len(content):
            content += file.read(FRAME.unpack_from(content)[0])
    if until is not None:
        content = content[: max(0, until - from_offset)]
    records, taken = _scan(content)
    if content and not records and len(segments) > len(current):
        raise LogDamagedError(f"{path}: the record at offset {from_offset} is damaged; restore the file")
    return records, from_offset + taken


def end(folder: Path) -> int:
    """The offset after the last byte that was written; what a crash cut short may be among them."""
    segments = _segments(folder)
    return segments[-1][0] + segments[-1][1].stat().st_size if segments else 0


def trim(folder: Path, before: int, untouched_since: float = math.inf) -> int:
    """Delete whole segments that end at or before an offset; the bytes that were freed.

    Those that were written to after `untouched_since`, seconds since 1970, stay, and all after them.

    The newest segment stays, so that the log remembers where it is.
    """
    segments, freed = _segments(folder), 0
    for (_, path), (end, _) in pairwise(segments):
        if end > before or path.stat().st_mtime > untouched_since:
            break
        freed += path.stat().st_size
        path.unlink()
    return freed
