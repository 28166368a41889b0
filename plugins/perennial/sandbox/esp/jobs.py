"""Asynchronous jobs: an accepted change waits its turn, then is applied, in the order of acceptance."""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

DELAY = 0.15
"""Seconds from acceptance until a job may run, so that callers have to poll as they do in production."""

Apply = Callable[[sqlite3.Connection, Any], tuple[dict[str, int], list[tuple[str, str]]]]
"""Applies a job's body; returns the counts of its results, and the rows refused: e-mail and reason."""


def utc_now() -> str:
    """The current time as the provider writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def accept(db: sqlite3.Connection, job_type: str, body: Any) -> str:
    """Queue a job; returns its id."""
    job_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO job (id, job_type, body, status, results, errors, due, started_at)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (job_id, job_type, json.dumps(body), "pending", "{}", "[]", time.time() + DELAY, utc_now()),
    )
    return job_id


def run_due(db: sqlite3.Connection, handlers: Mapping[str, Apply]) -> None:
    """Apply every job whose time has come; called before each request is answered."""
    due = db.execute(
        "SELECT seq, job_type, body FROM job WHERE status = 'pending' AND due <= ? ORDER BY seq",
        (time.time(),),
    ).fetchall()
    for seq, job_type, body in due:
        counts, refused = handlers[job_type](db, json.loads(body))
        status = (
            "completed" if not refused else "errored" if sum(counts.values()) > len(refused) else "failed"
        )
        results = {"requested_count": sum(counts.values()), **counts, "errored_count": len(refused)}
        db.execute(
            "UPDATE job SET status = ?, results = ?, errors = ?, body = 'null', finished_at = ?"
            " WHERE seq = ?",
            (status, json.dumps(results), json.dumps(refused), utc_now(), seq),
        )


def status(row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    """A job as `GET /v3/marketing/contacts/imports/{id}` answers it."""
    answer: dict[str, Any] = {
        "id": row["id"],
        "status": row["status"],
        "job_type": row["job_type"],
        "results": json.loads(row["results"]),
        "started_at": row["started_at"],
    }
    if row["finished_at"]:
        answer["finished_at"] = row["finished_at"]
    if row["status"] in ("errored", "failed"):
        answer["results"]["errors_url"] = f"{base_url}sandbox/jobs/{row['id']}/errors.csv"
    return answer
