"""Finished files in; the same files where they are fetched from, each of them whole or not there, out."""

import os
import shutil
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError

from perennial.activation.destinations.failures import UnavailableError
from perennial.errors import TerminalError
from perennial.object_stores import Storage, bucket, first_line, refused


class Place(Protocol):
    """Where files appear."""

    def put(self, file: Path, name: str) -> None:
        """Have a file appear under a name, at once; one that is there is replaced."""

    def remove(self, name: str) -> None:
        """Take a file away; one that was fetched and deleted is no error."""

    def close(self) -> None:
        """Nothing more is to be done."""


def unfinished(name: str) -> str:
    """The name of a file that is yet to be complete; a second attempt overwrites it."""
    return f".{name}.part"


class Folder:
    """A folder of this machine, or one that is mounted."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def put(self, file: Path, name: str) -> None:
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            before, after = self._path / unfinished(name), self._path / name
            shutil.copyfile(file, before)
            with before.open("rb") as copied:
                os.fsync(copied.fileno())
            before.replace(after)
        except PermissionError as error:
            raise TerminalError(f"{self._path}: files cannot be written there: {error.strerror}") from None
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error.strerror}") from None

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open."""


class ObjectStore:
    """A bucket or container, and a prefix in it; what is put there appears when it is complete."""

    def __init__(self, uri: str, storage: Storage | None) -> None:
        self._uri = uri.rstrip("/")
        self._store, path = bucket(self._uri, storage)
        self._prefix = f"{path}/" if path else ""

    def put(self, file: Path, name: str) -> None:
        try:
            obstore.put(self._store, self._prefix + name, file)
        except FileNotFoundError:
            raise TerminalError(
                f"{self._uri}: there is no such bucket; create it, or correct files.path"
            ) from None
        except BaseError as error:
            raise self._failed(error) from None

    def remove(self, name: str) -> None:
        try:
            obstore.delete(self._store, self._prefix + name)
        except FileNotFoundError:
            pass
        except BaseError as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Requests stand alone."""

    def _failed(self, error: BaseError) -> Exception:
        if refused(error):
            return TerminalError(
                f"{self._uri}: the object store refuses the credentials, or gives them no right to write; see"
                " the connection that `destination.connection` names"
            )
        return UnavailableError(f"{self._uri}: the object store does not answer: {first_line(error)}")


def path_of(uri: str) -> str:
    """The path within a URI, as a server has it; `/~/` stands for the login's own folder."""
    path = urlsplit(uri).path or "/"
    return path.removeprefix("/~/") or "." if path.startswith("/~/") else path
