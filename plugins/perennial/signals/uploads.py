"""Files of batches that are being uploaded: pieces in, whole files in a staging folder out.

On disk a batch is `<staging>/<source>/<batch>`: `batch.json` says what it is, `files` holds what is complete,
`parts` what is not. Once it is sealed nothing changes any more, whatever its senders still try.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from perennial.errors import TerminalError, TransientError
from perennial.signals.batches import Batches, Status

SOURCE = "upload"
"""The source of uploaded batches, in the lake's list of batches."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
PATIENCE = timedelta(days=1)
"""After which a batch that nothing was added to is given up."""
KEPT = timedelta(days=30)
"""How long the files of an upload that failed stay, for whoever wants to know why."""


class FileNameRefused(TerminalError):
    """A file's name could lead out of its folder, or is not of the batch's format."""


class UploadBusy(TransientError):
    """Another request is writing to the same file, or to a batch that is to be completed."""


class Sealed(TerminalError):
    """The batch takes no more files."""


@dataclass(frozen=True)
class Upload:
    """A batch that somebody uploads."""

    batch: str
    dataset: str
    owner: str
    """The name of the sender's token."""
    created_at: str
    """ISO 8601, UTC."""
    format: str | None = None
    note: str = ""


@dataclass(frozen=True)
class File:
    """A file of a batch, as far as it is there."""

    name: str
    size: int
    complete: bool


@dataclass(frozen=True)
class Staging:
    """The folder of all uploads."""

    root: Path

    def create(self, upload: Upload) -> None:
        """Make room for a batch."""
        folder = self.root / upload.owner / upload.batch
        for inner in ("files", "parts"):
            (folder / inner).mkdir(parents=True)
        _write(folder / "batch.json", json.dumps(asdict(upload)))

    def find(self, batch: str, owner: str | None = None) -> Upload | None:
        """The upload of that name, if it is the owner's (of anybody, if none is given)."""
        folder = self._find(batch, owner)
        return None if folder is None else Upload(**json.loads((folder / "batch.json").read_text()))

    def names(self, owner: str) -> list[str]:
        """All batches of an owner, whatever became of them."""
        return sorted(path.name for path in (self.root / owner).glob("*"))

    def files_of(self, batch: str) -> list[str]:
        """The paths of a batch's complete files, sorted by name."""
        return sorted(str(path) for path in (self.folder(batch) / "files").glob("*"))

    def count(self, batch: str, besides: str) -> int:
        """How many files a batch has, complete or not, without that one."""
        folder = self.folder(batch)
        names = {*os.listdir(folder / "files"), *os.listdir(folder / "parts")}
        return len([name for name in names if name != besides and not name.startswith(".")])

    def listing(self, batch: str) -> list[File]:
        """Complete files and those under way, by name."""
        folder = self.folder(batch)
        found = [
            File(path.name, path.stat().st_size, inner == "files")
            for inner in ("files", "parts")
            for path in (folder / inner).glob("[!.]*")
        ]
        return sorted(found, key=lambda file: file.name)

    def forget(self, batch: str) -> None:
        """Remove the files of a batch that has ended; whose it was is remembered."""
        folder = self.folder(batch)
        for inner in ("files", "parts"):
            shutil.rmtree(folder / inner, ignore_errors=True)

    def last_change(self, batch: str) -> float:
        """When something was last added to a batch, in seconds since 1970."""
        folder = self.folder(batch)
        return max(path.stat().st_mtime for path in [folder / "batch.json", *folder.glob("*/*")])

    @contextmanager
    def writing(self, batch: str) -> Iterator[Path]:
        """The batch's folder, which is not sealed within the block; `Sealed` if it is already."""
        folder = self.folder(batch)
        with _locked(folder / "lock", fcntl.LOCK_SH, f"batch {batch} is being completed"):
            if (folder / "sealed").exists():
                raise Sealed(f"batch {batch} takes no more files")
            yield folder

    @contextmanager
    def quiet(self, batch: str) -> Iterator[list[File]]:
        """The batch's files while nobody writes; `UploadBusy` if somebody does."""
        folder = self.folder(batch)
        with _locked(folder / "lock", fcntl.LOCK_EX, f"a file of batch {batch} is being uploaded"):
            yield self.listing(batch)

    def seal(self, batch: str) -> None:
        """Within `quiet`: nobody ever writes to the batch again."""
        _write(self.folder(batch) / "sealed", "")

    def folder(self, batch: str) -> Path:
        """Where a batch lies; `TerminalError` if there is none of that name."""
        folder = self._find(batch, None)
        if folder is None:
            raise TerminalError(f"no upload {batch} in {self.root}")
        return folder

    def _find(self, batch: str, owner: str | None) -> Path | None:
        if not NAME.fullmatch(batch):
            return None
        owners = [self.root / owner] if owner else sorted(self.root.glob("*"))
        return next((one / batch for one in owners if (one / batch / "batch.json").exists()), None)


def abandon(staging: Staging, batches: Batches, now: datetime, after: timedelta = PATIENCE) -> list[str]:
    """Give up the uploads to which nothing was added for so long, and remove their files; their names."""
    waiting = batches.current().filter(status=str(Status.LOADING), source=SOURCE).collect()
    given_up = []
    for batch in waiting["batch"].sort():
        if staging.find(batch) is None:
            continue
        if now.timestamp() - staging.last_change(batch) < after.total_seconds():
            continue
        try:
            with staging.quiet(batch):
                staging.seal(batch)
                batches.move(batch, Status.ABANDONED, now)
        except UploadBusy:
            continue
        staging.forget(batch)
        given_up.append(batch)
    return given_up


def expire(staging: Staging, batches: Batches, now: datetime, after: timedelta = KEPT) -> list[str]:
    """Remove the files of uploads that came to nothing so long ago; returns their names."""
    ended = (Status.FAILED, Status.ABORTED, Status.ABANDONED, Status.INACTIVE)
    waiting = batches.current().filter(
        pl.col("status").is_in([str(each) for each in ended]),
        pl.col("source") == SOURCE,
        pl.col("at") <= now - after,
    )
    names = waiting.select("batch").collect()["batch"].sort().to_list()
    for batch in names:
        if staging.find(batch) is not None:
            staging.forget(batch)
        batches.move(batch, Status.DELETED, now)
    _forget_what_was_taken(staging, batches)
    return names


def _forget_what_was_taken(staging: Staging, batches: Batches) -> None:
    """Whoever took a batch removes its files; one that was killed in between has left them."""
    taken = batches.current().filter(source=SOURCE, status=str(Status.SUCCESS)).select("batch").collect()
    for batch in taken["batch"]:
        if staging.find(batch) is not None and staging.listing(batch):
            staging.forget(batch)


@contextmanager
def _locked(file: Path, how: int, otherwise: str) -> Iterator[None]:
    with file.open("a") as lock:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy(f"{otherwise}; try again") from None
        yield


def _write(file: Path, content: str) -> None:
    """All of it or nothing, on disk when this returns."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with partial.open("w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
