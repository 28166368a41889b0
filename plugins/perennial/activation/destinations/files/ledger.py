"""What files told, kept beside the other deliveries in PostgreSQL: who is in which audience, and the files.

Each row says by which day's file somebody came, and by which one they left. What the files of a day have to
tell is therefore the same whenever it is asked, also after they were written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from perennial.activation.ledger import Ledger

PIECE = 1 << 20


@dataclass(frozen=True)
class Written:
    """One file that appeared."""

    audience: str
    name: str
    part: int
    rows: int
    bytes: int


class FileLedger:
    """Reads and writes of one activation to files; `ledger` is its own, held by nobody else."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._connection = ledger, ledger.connection
        self._flow = {"destination": ledger.destination, "activation": ledger.activation}

    def told(self, as_of: datetime, into: Path) -> Path:
        """Write what files before a day told: audience, key, person_id, payload_hash (CSV)."""
        query = (
            "COPY (SELECT audience, key, person_id, payload_hash FROM activation.exported"
            " WHERE destination = %s AND activation = %s AND entered < %s"
            " AND (exited IS NULL OR exited >= %s)) TO STDOUT (FORMAT csv)"
        )
        values = (*self._flow.values(), as_of, as_of)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(query, values) as copy,
            into.open("wb") as file,
        ):
            for piece in copy:
                file.write(piece)
        return into

    def names(self, audience: str) -> set[str]:
        """All files of an audience so far."""
        rows = self._run(
            "SELECT name FROM activation.file WHERE destination = %(destination)s"
            " AND activation = %(activation)s AND audience = %(audience)s",
            audience=audience,
        )
        return {name for (name,) in rows}

    def expect(self, run_id: int, file: Written) -> None:
        """Record a file before it appears."""
        self._run(
            "INSERT INTO activation.file (destination, activation, name, audience, part, rows, bytes, run_id)"
            " VALUES (%(destination)s, %(activation)s, %(name)s, %(audience)s, %(part)s, %(rows)s, %(bytes)s,"
            " %(run_id)s) ON CONFLICT (destination, activation, name) DO UPDATE SET"
            " audience = excluded.audience, part = excluded.part, rows = excluded.rows,"
            " bytes = excluded.bytes, run_id = excluded.run_id, written_at = now()",
            run_id=run_id, **vars(file),
        )  # fmt: skip

    def finish(
        self, run_id: int, as_of: datetime, state: tuple[Path, Path] | None, counts: Mapping[str, Any]
    ) -> None:
        """Record, at once, what the files told, and that the run is done.

        `state` is who left and who came (CSV); without it nothing is remembered of people, and a later
        incremental file is a backfill.
        """
        with self._connection.transaction():
            if state is None:
                self._run(
                    "DELETE FROM activation.exported WHERE destination = %(destination)s"
                    " AND activation = %(activation)s"
                )
            else:
                self._remember(as_of, *state)
            self._ledger.finish(run_id, counts)

    def forget(self, name: str) -> None:
        """Record that a file was taken away."""
        self._run(
            "DELETE FROM activation.file WHERE destination = %(destination)s AND activation = %(activation)s"
            " AND name = %(name)s",
            name=name,
        )

    def _remember(self, as_of: datetime, left: Path, came: Path) -> None:
        # What an earlier attempt at this day recorded is undone first; what lies before it stays as it was.
        self._run(
            "DELETE FROM activation.exported WHERE destination = %(destination)s"
            " AND activation = %(activation)s AND entered >= %(as_of)s",
            as_of=as_of,
        )
        self._run(
            "UPDATE activation.exported SET exited = NULL WHERE destination = %(destination)s"
            " AND activation = %(activation)s AND exited >= %(as_of)s",
            as_of=as_of,
        )
        self._load("went", "audience text, key text", left)
        self._run(
            "UPDATE activation.exported e SET exited = %(as_of)s FROM went w"
            " WHERE e.destination = %(destination)s AND e.activation = %(activation)s"
            " AND e.exited IS NULL AND e.audience = w.audience AND e.key = w.key",
            as_of=as_of,
        )
        self._load("came", "audience text, key text, person_id text, payload_hash text", came)
        self._run(
            "INSERT INTO activation.exported (destination, activation, audience, key, person_id,"
            " payload_hash, entered) SELECT %(destination)s, %(activation)s, audience, key, person_id,"
            " payload_hash, %(as_of)s FROM came",
            as_of=as_of,
        )
        # An older day is not sent any more.
        self._run(
            "DELETE FROM activation.exported WHERE destination = %(destination)s"
            " AND activation = %(activation)s AND exited < %(as_of)s",
            as_of=as_of,
        )

    def _load(self, name: LiteralString, columns: LiteralString, file: Path) -> None:
        self._connection.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy,
            file.open("rb") as rows,
        ):
            while piece := rows.read(PIECE):
                copy.write(piece)

    def _run(self, query: LiteralString, **values: Any) -> psycopg.Cursor:
        return self._connection.execute(query, {**self._flow, **values})
