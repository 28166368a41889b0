"""Contacts: upserts as jobs, their status, and the search by e-mail."""

import json
import re
import sqlite3
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse

from perennial.sandbox.esp import jobs
from perennial.sandbox.esp.errors import ApiError
from perennial.sandbox.esp.store import Store

MAX_CONTACTS = 30_000
MAX_BYTES = 6_000_000
MAX_SEARCH = 100
EMAIL = re.compile(r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$")
LENGTHS = {
    "email": 254, "external_id": 254, "anonymous_id": 254, "address_line_1": 100, "address_line_2": 100,
    "city": 60, "country": 50, "first_name": 50, "last_name": 50, "state_province_region": 50,
}  # fmt: skip
PLAIN = {*LENGTHS, "postal_code", "phone_number_id", "alternate_emails"}
REFUSED_LATER = "refused-later"
"""An address whose local part starts so passes the first check and is refused by the job, as some are."""


def _problems(index: int, contact: Any, fields: dict[str, str]) -> list[tuple[str | None, str]]:
    where = f"contacts[{index}]"
    if not isinstance(contact, dict):
        return [(where, "contact should be an object")]
    found: list[tuple[str | None, str]] = []
    email = contact.get("email")
    if not isinstance(email, str) or not EMAIL.match(email):
        found.append((f"{where}.email", "email is not valid"))
    for name, value in contact.items():
        if name == "custom_fields":
            continue
        if name not in PLAIN:
            found.append((f"{where}.{name}", "unknown field"))
        elif isinstance(value, str) and len(value) > LENGTHS.get(name, 1000):
            found.append((f"{where}.{name}", f"length should be at most {LENGTHS[name]}"))
    for field_id, value in (contact.get("custom_fields") or {}).items():
        kind = fields.get(field_id)
        if kind is None:
            found.append((f"{where}.custom_fields", f"invalid custom field id '{field_id}'"))
        elif value is None:
            found.append((f"{where}.custom_fields.{field_id}", f'custom field "{field_id}" cannot be null'))
        elif kind == "Number" and not _is_number(value):
            found.append((f"{where}.custom_fields.{field_id}", "value is not a number"))
    return found


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def apply_upsert(db: sqlite3.Connection, body: Any) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Create or update the contacts; what a request leaves out stays as it was."""
    counts = {"created_count": 0, "updated_count": 0}
    refused: list[tuple[str, str]] = []
    now = jobs.utc_now()
    for contact in body["contacts"]:
        email = contact["email"].lower()
        if email.startswith(REFUSED_LATER):
            refused.append((email, "address refused"))
            continue
        fields = {key: value for key, value in contact.items() if key not in ("email", "custom_fields")}
        custom = contact.get("custom_fields") or {}
        known = db.execute(
            "SELECT id, fields, custom_fields FROM contact WHERE email = ?", (email,)
        ).fetchone()
        if known:
            contact_id = known["id"]
            fields = {**json.loads(known["fields"]), **fields}
            custom = {**json.loads(known["custom_fields"]), **custom}
            counts["updated_count"] += 1
        else:
            contact_id = str(uuid.uuid5(uuid.NAMESPACE_URL, email))
            counts["created_count"] += 1
        db.execute(
            "INSERT INTO contact VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE"
            " SET fields = excluded.fields, custom_fields = excluded.custom_fields,"
            " updated_at = excluded.updated_at",
            (contact_id, email, json.dumps(fields), json.dumps(_present(custom)), now, now),
        )
        db.executemany(
            "INSERT OR IGNORE INTO list_contact SELECT id, ? FROM list WHERE id = ?",
            [(contact_id, list_id) for list_id in body.get("list_ids", [])],
        )
    return counts, refused


def _present(custom: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in custom.items() if value not in (None, "")}


def _details(db: sqlite3.Connection, row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    lists = db.execute(
        "SELECT list_id FROM list_contact WHERE contact_id = ? ORDER BY 1", (row["id"],)
    ).fetchall()
    return {
        "alternate_emails": [],
        **json.loads(row["fields"]),
        "id": row["id"],
        "email": row["email"],
        "list_ids": [each[0] for each in lists],
        "segment_ids": [],
        "custom_fields": json.loads(row["custom_fields"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "_metadata": {"self": f"{base_url}v3/marketing/contacts/{row['id']}"},
    }


def router(store: Store) -> APIRouter:
    """The routes below `/v3/marketing/contacts`."""
    api = APIRouter(prefix="/v3/marketing/contacts")

    @api.put("", status_code=202)
    def upsert(request: Request, body: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
        contacts = body.get("contacts")
        if int(request.headers.get("content-length", 0)) > MAX_BYTES:
            raise ApiError(413, (None, f"request body should be at most {MAX_BYTES} bytes"))
        if not isinstance(contacts, list) or not contacts:
            raise ApiError(400, ("contacts", "contacts should be a list of at least one contact"))
        if len(contacts) > MAX_CONTACTS:
            raise ApiError(400, ("contacts", f"contacts should be at most {MAX_CONTACTS}"))
        with store.transaction() as db:
            fields = dict(db.execute("SELECT id, field_type FROM field").fetchall())
            lists = {row[0] for row in db.execute("SELECT id FROM list")}
            if unknown := [each for each in body.get("list_ids", []) if each not in lists]:
                raise ApiError(404, ("list_ids", f"list ids not found: {', '.join(map(str, unknown))}"))
            problems = [
                found for i, contact in enumerate(contacts) for found in _problems(i, contact, fields)
            ]
            if problems:
                raise ApiError(400, *problems[:100])
            return {"job_id": jobs.accept(db, "upsert", body)}

    @api.get("/imports/{job_id}")
    def job_status(request: Request, job_id: str) -> dict[str, Any]:
        with store.transaction() as db:
            row = db.execute("SELECT * FROM job WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise ApiError(404, ("id", "job not found"))
        return jobs.status(row, str(request.base_url))

    @api.get("/count")
    def count() -> dict[str, int]:
        with store.transaction() as db:
            number = db.execute("SELECT count(*) FROM contact").fetchone()[0]
        return {"contact_count": number, "billable_count": number}

    @api.post("/search/emails")
    def search(request: Request, body: Annotated[dict[str, Any], Body()]) -> Any:
        emails = body.get("emails")
        if not isinstance(emails, list) or not 0 < len(emails) <= MAX_SEARCH:
            raise ApiError(400, ("emails", f"emails should be a list of 1 to {MAX_SEARCH}"))
        if any(not isinstance(each, str) or not EMAIL.match(each) for each in emails):
            raise ApiError(400, ("emails", "invalid email"))
        result: dict[str, Any] = {}
        with store.transaction() as db:
            for email in (each.lower() for each in emails):
                row = db.execute("SELECT * FROM contact WHERE email = ?", (email,)).fetchone()
                found = row and {"contact": _details(db, row, str(request.base_url))}
                result[email] = found or {"error": "contact not found"}
        if all("error" in each for each in result.values()):
            raise ApiError(404, (None, "contacts not found"))
        return JSONResponse({"result": result})

    return api
