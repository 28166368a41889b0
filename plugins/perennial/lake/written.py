"""What a process commits to the lake, while somebody asks: rows and bytes, as the tables' logs tell them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from perennial.lake.storage import contents

_open: list["Written"] = []


@dataclass
class Written:
    """Commits since `watched` began; they are looked up when somebody asks how large they are."""

    commits: set[tuple[str, int]] = field(default_factory=set)
    """Each table's place, and the snapshot."""

    def total(self) -> dict[str, int]:
        """Rows and bytes of all files that were added."""
        every = self.by_table().values()
        return {key: sum(each[key] for each in every) for key in ("rows", "bytes")}

    def by_table(self) -> dict[str, dict[str, int]]:
        """Rows and bytes of the files that were added, by the table's place."""
        found: dict[str, dict[str, int]] = {}
        for uri, version in sorted(self.commits):
            entry, of_table = f"_delta_log/{version:020}.json", found.setdefault(uri, {"rows": 0, "bytes": 0})
            for line in contents(uri, [entry]).get(entry, b"").splitlines():
                if (added := json.loads(line).get("add")) is not None:
                    statistics = json.loads(added.get("stats") or "{}")
                    of_table["rows"] += int(statistics.get("numRecords") or 0)
                    of_table["bytes"] += int(added.get("size") or 0)
        return found


@contextmanager
def watched() -> Iterator[Written]:
    """Take note of what this process commits, in all of its threads."""
    written = Written()
    _open.append(written)
    try:
        yield written
    finally:
        _open.remove(written)


def note(uri: str, version: int) -> None:
    """A snapshot was committed; of two writers at once, the newer one may stand for both."""
    for written in _open:
        written.commits.add((uri, version))
