"""A table's folder, or its prefix in an object store, in; names, sizes and contents of what lies there out.

Object stores take their credentials from the environment, as the Delta library and Polars do.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

REQUESTS = 16
"""At a time, to an object store."""


@dataclass(frozen=True)
class Entry:
    """A file below a root."""

    path: str
    size: int
    """In bytes."""
    modified: datetime


def entries(root: str, below: str = "") -> list[Entry]:
    """All files under `below`, a folder of the root, sorted by path; none where there is no such folder."""
    found = _remote(root, below) if is_remote(root) else _local(Path(root), Path(root, below))
    return sorted(found, key=lambda entry: entry.path)


def folders(root: str, below: str = "") -> list[str]:
    """The names of the folders that lie directly in `below`, sorted."""
    if not is_remote(root):
        folder = Path(root, below)
        return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    from obstore import list_with_delimiter

    found = list_with_delimiter(opened(root), prefix=below or None)["common_prefixes"]
    return sorted(path.rstrip("/").rpartition("/")[2] for path in found)


def contents(root: str, paths: Iterable[str]) -> dict[str, bytes]:
    """What stands in these files; those that do not exist are left out."""
    if not is_remote(root):
        return {path: file.read_bytes() for path in paths if (file := Path(root, path)).exists()}
    from obstore import get
    from obstore.exceptions import NotFoundError

    store = opened(root)

    def fetched(path: str) -> tuple[str, bytes] | None:
        try:
            return path, bytes(get(store, path).bytes())
        except (NotFoundError, FileNotFoundError):
            return None

    with ThreadPoolExecutor(REQUESTS) as pool:
        return dict(found for found in pool.map(fetched, paths) if found)


def put(root: str, path: str, content: bytes) -> None:
    """Write a small file, in place of one that is there; nobody sees a part of it."""
    if not is_remote(root):
        target = Path(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(target)
        return
    from obstore import put as put_object

    put_object(opened(root), path, content)


def missing(root: str, paths: Collection[str]) -> set[str]:
    """Those of the paths at which there is no file."""
    if not is_remote(root):
        return {path for path in paths if not Path(root, path).exists()}
    folders = {path.rpartition("/")[0] for path in paths}
    present = {entry.path for folder in folders for entry in entries(root, folder)}
    return {path for path in paths if path not in present}


def remove(root: str, paths: Collection[str]) -> None:
    """Delete files; who is gone already is no error."""
    if not is_remote(root):
        for path in paths:
            Path(root, path).unlink(missing_ok=True)
    elif paths:
        from obstore import delete

        delete(opened(root), sorted(paths))


def drop(root: str, below: str, last: str) -> None:
    """Delete a folder with all that is in it; one of its folders last, so that whoever is interrupted sees
    that there is something left.
    """
    if not is_remote(root):
        folder = Path(root, below)
        for each in sorted(folder.iterdir(), key=lambda path: path.name == last):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        folder.rmdir()
        return
    paths = [entry.path for entry in entries(root, below)]
    remove(root, [path for path in paths if f"/{last}/" not in path])
    remove(root, paths)


def stamp(root: str, path: str) -> tuple[Any, ...] | None:
    """What tells a file from another that was written to the same path; None where there is none."""
    if not is_remote(root):
        try:
            status = Path(root, path).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns
    from obstore import head

    try:
        found = head(opened(root), path)
    except FileNotFoundError:
        return None
    return found["e_tag"], found["last_modified"]


def is_remote(root: str) -> bool:
    """Whether it is the URI of an object store, and no folder."""
    return "://" in root


def opened(root: str) -> Any:
    """The store below a root, a folder too; an object store is opened once a process."""
    from obstore.store import LocalStore

    return _remote_store(root) if is_remote(root) else LocalStore(Path(root).absolute(), mkdir=True)


@lru_cache(maxsize=256)
def _remote_store(root: str) -> Any:
    from obstore.store import from_url

    return from_url(root)


def _local(root: Path, folder: Path) -> Iterator[Entry]:
    for parent, _, names in os.walk(folder):
        for name in names:
            file = Path(parent, name)
            try:
                status = file.stat()
            except FileNotFoundError:
                continue
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield Entry(file.relative_to(root).as_posix(), status.st_size, modified)


def _remote(root: str, below: str) -> Iterator[Entry]:
    from obstore import list as listed

    for page in listed(opened(root), prefix=below or None):
        for item in page:
            yield Entry(item["path"], item["size"], item["last_modified"])
