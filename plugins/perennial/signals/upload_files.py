"""Pieces of one file in; the whole file among its batch's, byte for byte, out.

A file comes whole, or in chunks of which each begins where the one before it ended. What was received of a
chunk stays when its sender is cut off, so that it goes on from there.
"""

import base64
import binascii
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from perennial.errors import TerminalError
from perennial.signals.uploads import NAME, FileNameRefused, UploadBusy, sync_folder

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "csv": (".csv",),
    "json": (".json", ".jsonl", ".ndjson"),
    "parquet": (".parquet",),
}
"""How the names of each format's files end, before the ending of a compression."""
COMPRESSED = (".gz", ".zst")
_DIGEST = re.compile(r"\s*sha-256=:?([A-Za-z0-9+/]{43}=):?\s*", re.IGNORECASE)


class DigestRefused(TerminalError):
    """A header with a digest that cannot be understood, or that the file does not have."""


class ChunkRefused(TerminalError):
    """A chunk does not begin where the file ends so far."""

    def __init__(self, name: str, start: int, expected: int) -> None:
        super().__init__(
            f"{name}: the chunk begins at {start}, but {expected} bytes are there: go on from there"
        )
        self.expected = expected


@dataclass(frozen=True)
class Range:
    """Where a chunk belongs: the first byte, the byte after the last, and the file's size if it is known."""

    start: int
    end: int
    total: int | None

    @classmethod
    def parse(cls, header: str) -> "Range | None":
        """Of a `Content-Range` header; None if it is not one."""
        match = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", header.strip(), re.ASCII)
        if match is None:
            return None
        start, last = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        return cls(start, last + 1, total) if last >= start and (total is None or last < total) else None


def checked_name(name: str, format: str | None) -> str:
    """The name, if it is a plain file name with the ending of the format; `FileNameRefused` if not."""
    if not NAME.fullmatch(name):
        raise FileNameRefused(
            "a file's name has at most 200 letters, digits, and . _ -, and begins with a letter or a digit"
        )
    plain = name.lower()
    for ending in COMPRESSED:
        plain = plain.removesuffix(ending)
    allowed = ENDINGS[format] if format else tuple(each for endings in ENDINGS.values() for each in endings)
    if not plain.endswith(allowed):
        raise FileNameRefused(
            f"{name}: the names of {format or 'data'} files end in {', '.join(allowed)}; "
            f"{' or '.join(COMPRESSED)} may follow"
        )
    return name


def sha256_of(headers: Mapping[str, str]) -> bytes | None:
    """The digest that `Repr-Digest` or `Digest` gives; None without one, `DigestRefused` for a broken one."""
    given = headers.get("repr-digest") or headers.get("digest")
    if given is None:
        return None
    found = [match for part in given.split(",") if (match := _DIGEST.fullmatch(part))]
    try:
        return base64.b64decode(found[0][1], validate=True)
    except (IndexError, binascii.Error):
        raise DigestRefused("the digest is not of the form `sha-256=:<base64>:`") from None


class NewFile:
    """A file that is written under another name, until it is whole."""

    def __init__(self, folder: Path, name: str) -> None:
        """In the batch's folder; the caller writes to `file`, and calls `discard` whatever happens."""
        self._folder, self._name = folder, name
        self._partial = folder / "parts" / f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
        self.file = self._partial.open("w+b")

    def keep(self, digest: bytes | None) -> bool:
        """Put it in the place of any of its name; whether there was one.

        `DigestRefused` if the bytes are not those that were meant.
        """
        whole = self._folder / "files" / self._name
        known = whole.exists()
        _finish(self.file, self._partial, whole, digest)
        (self._folder / "parts" / self._name).unlink(missing_ok=True)
        return known

    def discard(self) -> None:
        """Remove it, unless it was kept."""
        self.file.close()
        self._partial.unlink(missing_ok=True)


@contextmanager
def chunk(folder: Path, name: str, where: Range) -> Iterator[BufferedRandom]:
    """The unfinished file, to write the chunk to; `ChunkRefused` where it does not go on at its end.

    The caller makes it durable with `settle`.
    """
    part = folder / "parts" / name
    if (folder / "files" / name).exists():
        raise ChunkRefused(name, where.start, (folder / "files" / name).stat().st_size)
    if where.start and not part.exists():
        raise ChunkRefused(name, where.start, 0)
    with part.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy(f"{name}: another request is writing to it; try again") from None
        size = file.seek(0, os.SEEK_END)
        if size != where.start or not part.exists():
            raise ChunkRefused(name, where.start, size)
        yield file


def settle(file: BufferedRandom) -> None:
    """Make what was written durable."""
    file.flush()
    os.fsync(file.fileno())


def finish(folder: Path, name: str, digest: bytes | None) -> None:
    """All chunks are there: the file joins the others.

    It is removed, and `DigestRefused` raised, if the bytes are not those that were meant.
    """
    part = folder / "parts" / name
    try:
        with part.open("r+b") as file:
            _finish(file, part, folder / "files" / name, digest)
    except DigestRefused:
        part.unlink(missing_ok=True)
        raise
    except FileNotFoundError:
        raise UploadBusy(f"{name}: another request replaced it meanwhile") from None


def _finish(file: BufferedRandom, part: Path, whole: Path, digest: bytes | None) -> None:
    file.flush()
    if digest is not None:
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").digest()
        if found != digest:
            raise DigestRefused(
                f"{whole.name}: its SHA-256 is {base64.b64encode(found).decode()}, not the one that was sent "
                "with it; nothing is kept: send it again"
            )
    os.fsync(file.fileno())
    part.replace(whole)
    sync_folder(whole.parent)
