"""`python -m perennial.lake.check`: whether several writers can share the place where the lake is to lie.

A commit is safe where a log entry is only written if there is none: an object store has to refuse `PUT` with
`If-None-Match: *` where something lies already. Stores that overlook it lose commits without a word, so this
is tried out, with a file of a random name that is removed at the end.
"""

import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from obstore import delete, get, put
from obstore import list as listed
from obstore.exceptions import AlreadyExistsError, BaseError

from perennial.errors import PerennialError, TerminalError, TransientError
from perennial.lake import storage
from perennial.object_stores import first_line, refused
from perennial.settings import Settings

CONTENT = b"written once"
FOLDER = "lake-check"
KEEPS_VERSIONS = (
    "the bucket keeps versions of its files: what is erased, or has expired, stays there until a rule of the "
    "bucket removes noncurrent versions; set one of a few days, or suspend versions"
)


class LakeUnsafe(TerminalError):
    """The lake cannot lie there: commits would be lost, or nothing can be written."""


class LakeUnreachable(TransientError):
    """The store does not answer now."""


def check(root: str) -> list[str]:
    """Write, read, list and remove a file below a lake's root, and see that it is not written twice.

    Returns remarks for whoever runs the lake. Raises `LakeUnsafe`, or `LakeUnreachable` where the store may
    answer later.
    """
    store, path = _told(root, "opened", lambda: storage.opened(root)), f"{FOLDER}/{uuid4().hex}"
    written = _told(root, "written to", lambda: put(store, path, CONTENT, mode="create"))
    try:
        _refuse_second(root, store, path)
        found = _told(root, "read", lambda: bytes(get(store, path).bytes()))
        paths = _told(
            root, "listed", lambda: [item["path"] for page in listed(store, FOLDER) for item in page]
        )
        if found != CONTENT or path not in paths:
            raise LakeUnsafe(f"{root}: what was written is not what is read or listed right afterwards")
    finally:
        _told(root, "cleared", lambda: delete(store, path))
    return [KEEPS_VERSIONS] if written.get("version") not in (None, "null") else []


def _refuse_second(root: str, store: Any, path: str) -> None:
    try:
        _told(root, "written to", lambda: put(store, path, b"written twice", mode="create"))
    except AlreadyExistsError:
        return
    raise LakeUnsafe(
        f"{root}: the store overwrites a file that was to be written only if there is none "
        "(If-None-Match: *), so two writers at once would lose commits; use a store, or a version of it, "
        "that knows conditional writes (docs/lake.md)"
    )


def _told(root: str, what: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except AlreadyExistsError:
        raise
    except (BaseError, OSError) as error:
        told = f"{root}: cannot be {what}: {first_line(error)}"
        if isinstance(error, FileNotFoundError | PermissionError) or refused(error):  # type: ignore[arg-type]
            raise LakeUnsafe(f"{told}; check the bucket, the credentials and what they may do") from None
        raise LakeUnreachable(told) from None


def main() -> None:
    """Check the lake of this environment."""
    root = Settings.from_env().lake
    try:
        remarks = check(root)
    except PerennialError as error:
        sys.exit(str(error))
    print("\n".join([f"{root}: several writers at once can share it", *remarks]))


if __name__ == "__main__":
    main()
