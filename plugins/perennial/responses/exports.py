"""What a provider works on for us, kept in PostgreSQL: a run that is killed goes on where it was."""

from typing import Any, LiteralString, NamedTuple

import psycopg

from perennial.responses.spans import Span


class Export(NamedTuple):
    """A job at the provider, and of which span of a stream it tells."""

    job: str
    span: Span


class Exports:
    """The exports of one account, at most one of each stream.

    :param url: the store
    :param destination: the Airflow connection
    """

    def __init__(self, url: str, destination: str) -> None:
        self._url, self._destination = url, destination
        self._connection: psycopg.Connection | None = None

    def find(self, stream: str) -> Export | None:
        """What was begun and is not read yet; after a day the provider may have dropped it."""
        row = self._run(
            "SELECT job, starts, ends FROM activation.export WHERE destination = %(destination)s"
            " AND stream = %(stream)s AND begun_at > now() - interval '20 hours'",
            stream=stream,
        ).fetchone()
        return Export(row[0], Span(row[1], row[2])) if row else None

    def begin(self, stream: str, export: Export) -> None:
        """Remember a job, as soon as it has an id."""
        self._run(
            "INSERT INTO activation.export (destination, stream, job, starts, ends)"
            " VALUES (%(destination)s, %(stream)s, %(job)s, %(start)s, %(end)s)"
            " ON CONFLICT (destination, stream) DO UPDATE SET job = excluded.job, starts = excluded.starts,"
            " ends = excluded.ends, begun_at = now()",
            stream=stream, job=export.job, start=export.span.start, end=export.span.end,
        )  # fmt: skip

    def end(self, stream: str) -> None:
        """Forget one: all that it tells is in the lake, or it is of no use."""
        self._run(
            "DELETE FROM activation.export WHERE destination = %(destination)s AND stream = %(stream)s",
            stream=stream,
        )

    def _run(self, query: LiteralString, **values: Any) -> psycopg.Cursor:
        """One statement, which is a transaction."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True)
        return self._connection.execute(query, {"destination": self._destination, **values})
