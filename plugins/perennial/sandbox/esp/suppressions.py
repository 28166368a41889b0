"""Suppressions: who unsubscribed, bounced or complained. Recipients write here, never an upsert."""

import sqlite3
import time
from typing import Annotated, Any

from fastapi import APIRouter, Body

from perennial.sandbox.esp.errors import ApiError
from perennial.sandbox.esp.store import Store

ROUTES = {
    "unsubscribes": ("unsubscribe", ()),
    "bounces": ("bounce", ("reason", "status")),
    "spam_reports": ("spam_report", ("ip",)),
    "invalid_emails": ("invalid_email", ("reason",)),
}
MAX_PAGE = 500


def suppress(
    db: sqlite3.Connection, kind: str, email: str, created: int, reason: str = "", status: str = ""
) -> None:
    """Remember that this address must not be mailed again; the first time counts."""
    db.execute("INSERT OR IGNORE INTO suppression VALUES (?,?,?,?,?)", (kind, email, created, reason, status))


def router(store: Store) -> APIRouter:
    """The routes below `/v3/suppression` and `/v3/asm`."""
    api = APIRouter(prefix="/v3")

    def page(name: str, limit: int, offset: int) -> list[dict[str, Any]]:
        kind, extras = ROUTES[name]
        with store.transaction() as db:
            rows = db.execute(
                "SELECT *, '192.0.2.1' AS ip FROM suppression WHERE kind = ?"
                " ORDER BY created, email LIMIT ? OFFSET ?",
                (kind, limit, offset),
            ).fetchall()
        return [{column: row[column] for column in ("created", "email", *extras)} for row in rows]

    @api.get("/suppression/{name}")
    def listing(name: str, limit: int = MAX_PAGE, offset: int = 0) -> list[dict[str, Any]]:
        if name not in ROUTES:
            raise ApiError(404, (None, "not found"))
        if not 1 <= limit <= MAX_PAGE or offset < 0:
            raise ApiError(400, ("limit", f"limit should be 1 to {MAX_PAGE}"))
        return page(name, limit, offset)

    @api.post("/asm/suppressions/global", status_code=201)
    def unsubscribe(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        emails = body.get("recipient_emails")
        if not isinstance(emails, list):
            raise ApiError(400, ("recipient_emails", "recipient_emails should be a list"))
        with store.transaction() as db:
            for email in emails:
                suppress(db, "unsubscribe", str(email).lower(), int(time.time()))
        return {"recipient_emails": emails}

    return api
