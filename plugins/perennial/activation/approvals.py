"""Sizes of audiences, and what the destination has, in; what a person is asked before a send, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from perennial.activation.timing import Approval

STANDING: LiteralString = """
SELECT audience, count(*) FILTER (WHERE state IN ('delivered', 'sending', 'removing'))
FROM activation.outcome WHERE destination = %s AND activation = %s GROUP BY audience
"""
AGREED: LiteralString = """
SELECT DISTINCT ON (audience) audience, size FROM activation.approval
WHERE destination = %s AND activation = %s AND approved ORDER BY audience, asked_at DESC
"""


@dataclass(frozen=True)
class Question:
    """Why one audience is asked about."""

    audience: str
    size: int
    """How many would be there."""
    held: int | None
    """How many are there; None before the first send."""

    @property
    def why(self) -> str:
        """In words."""
        if self.held is None:
            return "sent for the first time"
        if self.held == 0:
            return "nobody of it is there now"
        return f"{'grows' if self.size > self.held else 'shrinks'} by {abs(self.size / self.held - 1):.0%}"


def questions(
    approval: Approval, sizes: Mapping[str, int], held: Mapping[str, int], agreed: Mapping[str, int]
) -> list[Question]:
    """What to ask: `held` is what the destination has, `agreed` the size that was approved last, by audience.

    An audience that is not `held` was never sent.
    """
    found = []
    for audience, size in sizes.items():
        if audience not in held:
            if approval.first and audience not in agreed:
                found.append(Question(audience, size, None))
            continue
        known = [held[audience], *([agreed[audience]] if audience in agreed else [])]
        if approval.fraction is not None and all(_jumps(size, each, approval.fraction) for each in known):
            found.append(Question(audience, size, held[audience]))
    return found


def _jumps(size: int, before: int, fraction: float) -> bool:
    return abs(size - before) > fraction * before


class Approvals:
    """What was asked about one activation to one destination, and what was answered."""

    def __init__(self, url: str, destination: str, activation: str) -> None:
        self._url, self._flow = url, (destination, activation)

    def standing(self) -> tuple[dict[str, int], dict[str, int]]:
        """By audience: how many people the destination has, and the size that was approved last."""
        with psycopg.connect(self._url) as connection:
            rows = [connection.execute(query, self._flow).fetchall() for query in (STANDING, AGREED)]
        held, agreed = ({str(audience): int(size) for audience, size in each} for each in rows)
        return held, agreed

    def ask(self, request: str, asked: Sequence[Question]) -> None:
        """Record what is asked in a run, `request`; asked again it replaces what was not answered."""
        rows = [(*self._flow, each.audience, each.size, each.held, request) for each in asked]
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO activation.approval (destination, activation, audience, size, held, request)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (destination, activation, audience, request)"
                " DO UPDATE SET size = excluded.size, held = excluded.held",
                rows,
            )

    def answer(self, request: str, approved: bool, answered_by: str) -> dict[str, int]:
        """Record the answer to a run's questions; the sizes that were asked about, by audience."""
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(
                "UPDATE activation.approval SET approved = %s, answered_by = %s, answered_at = now()"
                " WHERE destination = %s AND activation = %s AND request = %s RETURNING audience, size",
                (approved, answered_by, *self._flow, request),
            )
            return dict(rows.fetchall())
