"""A lake's root in; of which version its tables are, out: it stands in a file at the root.

A lake that a newer release has upgraded is refused: what that release keeps there, this one would not
understand, and might spoil. Lakes of before versions were kept are of version 0.
"""

import json
from datetime import UTC, datetime

from perennial.errors import TerminalError
from perennial.lake import storage

VERSION = 1
"""Raise it whenever older releases would misread a table, or spoil it; `perennial.lake.upgrade` brings older
lakes up to date."""
FILE = "perennial.json"
_understood: set[str] = set()
"""Roots that are known not to be newer than this release."""


class LakeIsNewer(TerminalError):
    """A newer release than this one has upgraded the lake."""


def version_of(root: str) -> int | None:
    """The version of a lake, 0 where it keeps none; None where nothing was written to it yet."""
    if content := storage.contents(root, [FILE]).get(FILE):
        return int(json.loads(content)["version"])
    return 0 if storage.folders(root) else None


def note_version(root: str) -> None:
    """Write down that the lake is of this release's version."""
    said = {"version": VERSION, "since": datetime.now(UTC).isoformat(timespec="seconds")}
    storage.put(root, FILE, json.dumps(said).encode() + b"\n")


def refuse_newer(root: str, *, writing: bool = False) -> None:
    """Raise `LakeIsNewer` for a lake that this release does not understand.

    It is looked at once in a process: an upgrade is made while none runs. Who is the first to write to a new
    lake notes its version.
    """
    if root in _understood:
        return
    found = version_of(root)
    if found is not None and found > VERSION:
        raise LakeIsNewer(
            f"the lake {root} is of version {found}, and this release of Perennial knows versions up to"
            f" {VERSION}: run the newer release, or restore the lake from the backup that was made before it"
            " was upgraded"
        )
    if found is None and writing:
        note_version(root)
    if found is not None or writing:
        _understood.add(root)
