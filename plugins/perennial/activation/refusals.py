"""Rows that a destination refuses in, what to send in their place out, until the bad ones are found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from perennial.activation.destinations.base import BatchRefusedError, Destination, Row, Submitted

REFUSALS = 100
"""Refused requests in search of the bad rows of one batch, after which the batch itself is at fault."""


@dataclass
class Search:
    """The search for rows that a destination refuses without naming them; what it finds counts at its end."""

    refusals: int = 0
    pending: int = 1
    """Requests that are yet to be answered."""
    found: dict[int, dict[str, str]] = field(default_factory=dict)
    """By batch of one row: the key, and the refusal."""

    def results(self) -> dict[int, dict[str, str]]:
        """What it found, once every request has its answer; nothing where it was given up."""
        return self.found if self.pending == 0 and self.refusals < REFUSALS else {}


@dataclass(frozen=True)
class Part:
    """What one request carries: people who join the same lists."""

    rows: pl.DataFrame
    lists: list[str]
    search: Search

    @property
    def size(self) -> int:
        """How many people it carries."""
        return self.rows.height

    def send(self, destination: Destination) -> Submitted:
        """Make the request."""
        return destination.submit_upserts(self.content(), self.lists)

    def content(self) -> list[Row]:
        """As a destination takes it."""
        keys, payloads = self.rows["key"].to_list(), self.rows["payload"].to_list()
        return [Row(key, json.loads(payload)) for key, payload in zip(keys, payloads, strict=True)]

    def keys(self, positions: Mapping[int, str]) -> dict[str, str]:
        """What is said of positions, by the keys that stand there."""
        return {self.rows["key"][position]: said for position, said in positions.items()}


@dataclass(frozen=True)
class Removal:
    """What one request takes off a list."""

    audience: str
    list_id: str
    keys: list[str]

    @property
    def size(self) -> int:
        """How many people leave."""
        return len(self.keys)

    def send(self, destination: Destination) -> Submitted:
        """Make the request."""
        return destination.submit_removals(self.list_id, self.keys)


def _instead(rows: pl.DataFrame, rejected: Mapping[str, str]) -> list[pl.DataFrame]:
    """What to send after a refusal: the rest without the named rows, or, where none was named, two halves."""
    if rejected:
        rest = rows.filter(~pl.col("key").is_in(list(rejected)))
        return [rest] if rest.height else []
    middle = rows.height // 2
    return [rows[:middle], rows[middle:]] if middle else []


def refused(part: Part, batch_id: int, error: BatchRefusedError) -> list[Part]:
    """What to send in place of a part; raises its refusal where too many came without naming rows."""
    search, named = part.search, part.keys(error.rows)
    if not named:
        search.refusals += 1
        if search.refusals >= REFUSALS:
            raise error
        if part.rows.height == 1:
            search.found[batch_id] = part.keys({0: str(error)})
    parts = [Part(rows, part.lists, search) for rows in _instead(part.rows, named)]
    search.pending += len(parts)
    return parts
