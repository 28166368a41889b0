"""The stand-in's state in one SQLite file; every request is one transaction."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS contact (
    id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, fields TEXT NOT NULL, custom_fields TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS list (id TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS list_contact (
    list_id TEXT NOT NULL, contact_id TEXT NOT NULL, PRIMARY KEY (list_id, contact_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS field (id TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, field_type TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS job (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, job_type TEXT NOT NULL, body TEXT NOT NULL,
    status TEXT NOT NULL, results TEXT NOT NULL, errors TEXT NOT NULL, due REAL NOT NULL,
    started_at TEXT NOT NULL, finished_at TEXT
);
CREATE TABLE IF NOT EXISTS suppression (
    kind TEXT NOT NULL, email TEXT NOT NULL, created INTEGER NOT NULL, reason TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (kind, email)
);
CREATE TABLE IF NOT EXISTS campaign (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, list_id TEXT NOT NULL, day TEXT NOT NULL, sent_at TEXT NOT NULL,
    categories TEXT NOT NULL, recipients INTEGER NOT NULL, events INTEGER NOT NULL,
    UNIQUE (name, list_id, day)
);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, body TEXT NOT NULL, events INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (seq) WHERE delivered = 0;
"""


class Store:
    """One connection, one lock: enough for a stand-in, and easy to reason about."""

    def __init__(self, folder: Path) -> None:
        """Open or create the database in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            folder / "esp.sqlite", check_same_thread=False, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; readers wait for their turn too."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction() as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
