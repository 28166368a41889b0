"""A marketer's campaigns: send to a list, and put the simulated recipients' events into the outbox."""

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from perennial.sandbox.esp import recipients
from perennial.sandbox.esp.errors import ApiError
from perennial.sandbox.esp.store import Store
from perennial.sandbox.esp.suppressions import suppress

SEED = "perennial"
EVENTS_PER_POST = 500
ONE_IN = 100
"""One event in so many is delivered twice, as the provider's documentation warns."""
SUPPRESSES = {
    "unsubscribe": ("unsubscribe", "Unsubscribed Address"),
    "spamreport": ("spam_report", "Spam Reporting Address"),
    "bounce": ("bounce", "Bounced Address"),
}


def _deciles(db: sqlite3.Connection) -> list[str]:
    """Custom fields that may hold a decile of spend, the twelve-month one first."""
    names = db.execute(
        "SELECT id, name FROM field WHERE name LIKE '%decile%' ORDER BY name LIKE '%12m%' DESC, name"
    )
    return [row["id"] for row in names]


def _decile(custom: dict[str, Any], fields: Iterable[str]) -> int | None:
    for field in fields:
        try:
            return min(10, max(1, int(float(custom[field]))))
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _queue(db: sqlite3.Connection, events: list[dict[str, Any]]) -> int:
    """Write the events to the outbox in the order of time; some of them stand in two posts."""
    events.sort(key=lambda event: (event["timestamp"], event["sg_event_id"]))
    posts: list[list[dict[str, Any]]] = []
    again: list[dict[str, Any]] = []
    for start in range(0, len(events), EVENTS_PER_POST):
        post = events[start : start + EVENTS_PER_POST]
        posts.append([*again, *post])
        again = [e for e in post if hashlib.sha256(e["sg_event_id"].encode()).digest()[0] * ONE_IN < 256]
    if again:
        posts.append(again)
    db.executemany(
        "INSERT INTO outbox (body, events) VALUES (?, ?)", [(json.dumps(p), len(p)) for p in posts]
    )
    return sum(map(len, posts))


def send(
    db: sqlite3.Connection, name: str, listing: sqlite3.Row, sent_at: datetime, categories: list[str]
) -> str:
    """Mail a list once, return the campaign's id; again for the same name, list and day changes nothing."""
    day = sent_at.astimezone(UTC).date().isoformat()
    campaign_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SEED}/{name}/{listing['name']}/{day}"))
    if db.execute("SELECT 1 FROM campaign WHERE id = ?", (campaign_id,)).fetchone():
        return campaign_id
    contacts = db.execute(
        "SELECT email, custom_fields FROM contact JOIN list_contact ON contact_id = id WHERE list_id = ?"
        " ORDER BY email",
        (listing["id"],),
    ).fetchall()
    barred = dict(db.execute("SELECT email, kind FROM suppression").fetchall())
    reasons = dict(SUPPRESSES.values())
    fields = _deciles(db)
    events: list[dict[str, Any]] = []
    for email, custom in contacts:
        decile = _decile(json.loads(custom), fields)
        one = recipients.Send(
            SEED, campaign_id, name, tuple(categories), int(sent_at.timestamp()), email, decile
        )  # fmt: skip
        if email in barred:
            events += recipients.dropped(one, reasons.get(barred[email], "Invalid"))
            continue
        reaction = recipients.react(one)
        events += reaction
        for event in reaction:
            kind, _ = SUPPRESSES.get(event["event"], ("", ""))
            if kind and event.get("type") != "blocked":
                suppress(
                    db, kind, email, event["timestamp"], event.get("reason", ""), event.get("status", "")
                )
    queued = _queue(db, events)
    db.execute(
        "INSERT INTO campaign VALUES (?,?,?,?,?,?,?,?)",
        (
            campaign_id,
            name,
            listing["id"],
            day,
            sent_at.isoformat(),
            json.dumps(categories),
            len(contacts),
            queued,
        ),
    )
    return campaign_id


def router(store: Store) -> APIRouter:
    """The routes below `/sandbox/campaigns`."""
    api = APIRouter(prefix="/sandbox")

    @api.post("/campaigns", status_code=201)
    def create(response: Response, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        try:
            name, sent_at = str(body["name"]), datetime.fromisoformat(body["sent_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise ApiError(400, (None, f"name and an ISO sent_at are needed: {error}")) from None
        if sent_at.tzinfo is None:
            raise ApiError(400, ("sent_at", "sent_at needs a time zone"))
        with store.transaction() as db:
            column, value = ("id", body["list_id"]) if "list_id" in body else ("name", body.get("list_name"))
            listing = db.execute(f"SELECT * FROM list WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
            if listing is None:
                raise ApiError(404, ("list", f"no list with {column} {value!r}"))
            before = db.total_changes
            campaign_id = send(db, name, listing, sent_at, [str(each) for each in body.get("categories", [])])
            response.status_code = 201 if db.total_changes > before else 200
            row = db.execute("SELECT * FROM campaign WHERE id = ?", (campaign_id,)).fetchone()
        return {**dict(row), "categories": json.loads(row["categories"])}

    return api
