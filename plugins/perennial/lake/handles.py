"""A table's place in; its newest snapshot's id, and the table as of a snapshot, out, at little cost.

Opening a table lists and reads its log, which grows with every commit. Who commits again and again asks only
for what is new: whether the next log entry is there, and what it says. Each thread keeps handles of its own.
"""

import threading
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from perennial.lake import storage

_here = threading.local()


@dataclass
class _Known:
    version: int
    entry: tuple[Any, ...]
    """Which file the log entry of that snapshot is: another one means another table."""
    handle: DeltaTable | None = None


def newest(uri: str) -> int | None:
    """The newest snapshot's id; None where the table has to be opened to know it."""
    known = _known().get(uri)
    if known is None or _entry(uri, known.version) != known.entry:
        _known().pop(uri, None)
        return None
    while (entry := _entry(uri, known.version + 1)) is not None:
        known.version, known.entry = known.version + 1, entry
    return known.version


def remember(uri: str, version: int) -> None:
    """Take note of a table's newest snapshot."""
    entry = _entry(uri, version)
    if entry is not None:
        _known()[uri] = _Known(version, entry)


def look(uri: str, version: int) -> DeltaTable:
    """The table as of a snapshot, for a look: it is shared, so nothing may change it or keep it."""
    known = _known().get(uri)
    if known is not None and known.handle is not None:
        try:
            if known.handle.version() < version == newest(uri):
                known.handle.update_incremental()
            if known.handle.version() == version:
                return known.handle
        except DeltaError:
            # Entries in between were cleaned up: what is known leads nowhere.
            known.handle = None
    handle = DeltaTable(uri, version=version)
    if known is not None:
        known.handle = handle
    return handle


def _known() -> dict[str, _Known]:
    if not hasattr(_here, "known"):
        _here.known = {}
    found: dict[str, _Known] = _here.known
    return found


def _entry(uri: str, version: int) -> tuple[Any, ...] | None:
    return storage.stamp(uri, f"_delta_log/{version:020d}.json")
