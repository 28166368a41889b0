"""Where files lie in, the files out: a folder, a glob or a single file, on a disk or an object store."""

import io
import re
from glob import glob
from pathlib import Path
from typing import IO, Any, cast

import obstore
from obstore.exceptions import BaseError, NotFoundError

from perennial.errors import TerminalError
from perennial.object_stores import Storage, bucket, first_line, refused
from perennial.signals.reading.base import FileUnreadable, SourceMissing, StoreUnavailable
from perennial.signals.reading.streams import COMPRESSIONS
from perennial.signals.source import Format

FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}
"""What a file is, by the ending of its name, after that of its compression."""
WILDCARDS = re.compile(r"[*?\[]")
BUFFER = 8 << 20
MISSING = (FileNotFoundError, NotFoundError)


def find(pattern: str, storage: Storage | None = None) -> list[str]:
    """The files that a path, a glob, a folder or a URI names, sorted; of a folder, those of a known kind."""
    files = _find_remote(pattern, storage) if is_remote(pattern) else _find_local(pattern)
    if not files:
        raise SourceMissing(
            f"no file matches {pattern}; deliver it, or correct `source` in the dataset's document"
        )
    return sorted(files)


def is_remote(path: str) -> bool:
    """Whether a path is a URI of an object store."""
    return "://" in path and not path.startswith("file://")


def kind(file: str, declared: Format | None = None) -> Format:
    """What a file is: what its dataset declares, or what its name says."""
    found = declared or _by_name(file)
    if found is None:
        raise FileUnreadable(
            f"{file}: not a kind of file that can be read; known endings: {', '.join(FORMATS)}, compressed: "
            f"{', '.join(COMPRESSIONS)}; or say `source.format` in the dataset's document"
        )
    return found


def compression(file: str) -> str | None:
    """The ending that says how a file is compressed, if it is."""
    ending = Path(file).suffix.lower()
    return ending if ending in COMPRESSIONS else None


def open_file(file: str, storage: Storage | None) -> IO[bytes]:
    """The bytes of a file."""
    try:
        if not is_remote(file):
            return Path(file.removeprefix("file://")).open("rb", buffering=0)
        store, path = bucket(file, storage)
        return cast(IO[bytes], io.BufferedReader(_Remote(obstore.open_reader(store, path), file), BUFFER))
    except MISSING:
        raise SourceMissing(f"{file}: is not there any more") from None
    except OSError as error:
        raise FileUnreadable(f"{file}: cannot be opened: {error}") from None
    except BaseError as error:
        raise _unavailable(file, error) from None


class _Remote(io.RawIOBase):
    """An object of a store as Python's own kind of file."""

    def __init__(self, reader: Any, file: str) -> None:
        self._reader, self._file = reader, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = bytes(self._reader.read(len(buffer)))
        except BaseError as error:
            raise _unavailable(self._file, error) from None
        buffer[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())


def _find_local(pattern: str) -> list[str]:
    path = Path(pattern.removeprefix("file://"))
    if path.is_dir():
        inside = (each for each in path.iterdir() if not each.name.startswith((".", "_")))
        return [str(each) for each in inside if each.is_file() and _by_name(each.name)]
    if path.is_file():
        return [str(path)]
    return [each for each in glob(str(path), recursive=True) if Path(each).is_file()]


def _find_remote(pattern: str, storage: Storage | None) -> list[str]:
    store, path = bucket(pattern, storage)
    root = pattern.removesuffix(path)
    wild = WILDCARDS.search(path)
    try:
        if wild is None:
            if path and not path.endswith("/"):
                try:
                    obstore.head(store, path)
                    return [pattern]
                except MISSING:
                    pass
            folder = f"{path.rstrip('/')}/".lstrip("/")
            names = (name.removeprefix(folder) for name in _list(store, folder))
            return [f"{root}{folder}{name}" for name in names if "/" not in name and _delivered(name)]
        matches = re.compile(_as_regex(path))
        folder = path[: wild.start()].rpartition("/")[0]
        return [f"{root}{name}" for name in _list(store, folder) if matches.fullmatch(name)]
    except BaseError as error:
        raise _unavailable(pattern, error) from None


def _list(store: Any, folder: str) -> list[str]:
    return [found["path"] for page in obstore.list(store, folder.rstrip("/") or None) for found in page]


def _delivered(name: str) -> bool:
    return not name.startswith((".", "_")) and _by_name(name) is not None


def _unavailable(where: str, error: BaseError) -> TerminalError | StoreUnavailable:
    if refused(error):
        return TerminalError(
            f"{where}: the object store refuses the credentials, or gives them no right to read; see the "
            "connection that `source.connection` names"
        )
    return StoreUnavailable(f"{where}: the object store does not answer: {first_line(error)}")


def _by_name(file: str) -> Format | None:
    name = Path(file)
    return FORMATS.get(Path(name.stem).suffix.lower() if compression(file) else name.suffix.lower())


def _as_regex(pattern: str) -> str:
    """A glob as a regular expression: `*` and `?` stay within a folder, `**` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        known.get(part)
        or (part.replace("[!", "[^") if part.startswith("[") and part.endswith("]") else re.escape(part))
        for part in parts
    )
