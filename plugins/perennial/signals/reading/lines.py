"""A stream of bytes in, blocks of whole lines out, each of a bounded size.

The next bytes are read, and decompressed, while the last ones are worked on.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from perennial.signals.reading.streams import Stream

BLOCK = 16 << 20
"""Bytes read at once: large enough for all cores, small enough to stay in their caches (measured)."""
EOL = b"\n"
MARK = "\ufeff".encode()
"""What some programs begin a file in UTF-8 with."""


@dataclass(frozen=True)
class Block:
    """Whole lines, or the beginning and the size of one that is too long to be kept."""

    data: bytes
    size: int | None = None


class Lines:
    """The lines of a stream; what a reader could not finish goes back and comes again with what follows."""

    def __init__(self, stream: Stream, longest: int) -> None:
        self._stream, self._longest = stream, longest
        self._block = BLOCK
        self._rest = b""
        self._pieces: deque[bytes] = deque()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="perennial-read")
        self._coming: Future[bytes] | None = None
        self._at_end = False

    @property
    def ended(self) -> bool:
        """Whether nothing comes after the last block."""
        return self._at_end and not self._pieces

    def close(self) -> None:
        """Stop reading."""
        self._reader.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[Block]:
        while not self.ended or self._rest:
            yield self.take()

    def take(self) -> Block:
        """The next lines; none at the end of the stream."""
        if self._pieces:
            return Block(self._pieces.popleft())
        data, self._rest = self._rest, b""
        while not self._at_end:
            found = self._read()
            self._at_end = not found
            data = data + found if data else found
            end = data.rfind(EOL) + 1
            if end == len(data) and data:
                break
            if end:
                self._rest = data[end:]
                return Block(data[:end])
            if len(data) > self._longest:
                return self._skip(data)
        return Block(data)

    def put_back(self, rest: bytes) -> None:
        """Give these bytes again, together with those that follow."""
        if self._pieces:
            self._pieces[0] = rest + self._pieces[0]
        else:
            self._rest = rest + self._rest

    def put_back_lines(self, data: bytes, size: int) -> bool:
        """Give these lines again, in blocks of about this size; returns whether there are several."""
        pieces, start = [], 0
        while start < len(data):
            end = data.find(EOL, start + size - 1) + 1 or len(data)
            pieces.append(data[start:end])
            start = end
        self._pieces.extendleft(reversed(pieces))
        return len(pieces) > 1

    def _read(self) -> bytes:
        """The next bytes, none at the end; those after them are on their way then."""
        read = getattr(self._stream, "read_lines", self._stream.read)
        if self._coming is None:
            found: bytes = self._beginning(read)
        else:
            found = self._coming.result()
        self._coming = self._reader.submit(read, self._block) if found else None
        return found

    def _beginning(self, read: Callable[[int], bytes]) -> bytes:
        found = read(self._block)
        while 0 < len(found) < len(MARK) and (more := read(self._block)):
            found += more
        return found.removeprefix(MARK) or read(self._block)

    def _skip(self, beginning: bytes) -> Block:
        size = len(beginning)
        while found := self._read():
            end = found.find(EOL) + 1
            size += end or len(found)
            if end:
                self._rest = found[end:]
                break
        else:
            self._at_end = True
        return Block(beginning[: self._longest], size)
