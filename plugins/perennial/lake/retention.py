"""Documents of retention in; days of the lake's tables that are older than they say, taken out.

Days are taken by whole files, without reading any. The rows leave the table at once, and the disk when their
snapshots' retention ends (see `perennial.lake.maintenance`).
"""

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, field_validator

from perennial.documents import Document
from perennial.lake import files
from perennial.lake.history import File, files_at
from perennial.lake.tables import ConcurrentCommit, Table

ATTEMPTS = 10
AREAS = (
    "events/",
    "responses/email_events",
    "profiles/",
    "attributes/days",
    "rfm/",
    "lifetime/",
    "lifetime_actuals/",
    "value_by_decile/",
    "value_movement/",
    "audiences/membership",
    "audiences/evaluations",
    "store/",
)
"""What is kept by days, each of which can go for itself."""
Pattern = Annotated[str, Field(pattern=r"^[a-z_]+/[a-z0-9_.*]+$")]


class Retention(Document):
    """How many days some tables keep."""

    name: str
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    tables: Annotated[list[Pattern], Field(min_length=1)]
    """Names of the lake's tables, such as `events/transactions` or `profiles/*`; `store/` and a table of the
    star schema that is kept by days, or `store/privacy.trail`."""
    keep_days: Annotated[int, Field(ge=1)]
    """Days before today that are kept; what is older goes."""
    despite: list[str] = []
    """What needs older days and does without them from now on, as the dry run names it."""

    @field_validator("tables")
    @classmethod
    def _by_days(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            if not any(pattern.startswith(area.rstrip("*")) for area in AREAS):
                raise ValueError(f"{pattern} is not kept by days; tables of {', '.join(AREAS)} are")
        return patterns

    def holds(self, table: str) -> bool:
        """Whether the document is about a table."""
        return any(fnmatchcase(table, pattern) for pattern in self.tables)


@dataclass(frozen=True)
class Old:
    """The days of a table that are older than what is kept."""

    days: int
    rows: int
    first: date
    last: date


def old(table: Table, before: date) -> Old | None:
    """What would go; the newest day never does."""
    found = _old(table, before)
    days = sorted({date.fromisoformat(str(file.partition)) for file in found if file.rows})
    rows = sum(file.rows or 0 for file in found)
    return Old(len(days), rows, days[0], days[-1]) if days else None


def expire(table: Table, before: date) -> int:
    """Take days away; returns how many rows they had. Raises `ConcurrentCommit` if others change them."""
    for _ in range(ATTEMPTS):
        version, doomed = table.version(), _old(table, before)
        if not doomed:
            return 0
        try:
            files.commit(table, [], version, [], [file.path for file in doomed])
        except ConcurrentCommit:
            continue
        return sum(file.rows or 0 for file in doomed)
    raise ConcurrentCommit(f"{table.name}: others keep changing the days before {before}")


def _old(table: Table, before: date) -> list[File]:
    there = [file for file in files_at(table, table.version()) if file.partition]
    newest = max((str(file.partition) for file in there), default="")
    end = min(before.isoformat(), newest)
    return [file for file in there if str(file.partition) < end]
