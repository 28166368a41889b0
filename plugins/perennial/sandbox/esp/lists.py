"""Lists and their membership, and the definitions of custom fields."""

import sqlite3
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse

from perennial.sandbox.esp import jobs
from perennial.sandbox.esp.errors import ApiError
from perennial.sandbox.esp.store import Store

RESERVED = (
    "first_name", "last_name", "email", "alternate_emails", "address_line_1", "address_line_2", "city",
    "state_province_region", "postal_code", "country", "phone_number", "whatsapp", "line", "facebook",
    "unique_name",
)  # fmt: skip
FIELD_TYPES = ("Text", "Number", "Date")


def apply_removal(db: sqlite3.Connection, body: Any) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Take contacts off a list; the contacts themselves stay."""
    db.executemany(
        "DELETE FROM list_contact WHERE list_id = ? AND contact_id = ?",
        [(body["list_id"], contact_id) for contact_id in body["contact_ids"]],
    )
    return {"deleted_count": len(body["contact_ids"])}, []


def _view(db: sqlite3.Connection, row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    count = db.execute("SELECT count(*) FROM list_contact WHERE list_id = ?", (row["id"],)).fetchone()[0]
    link = f"{base_url}v3/marketing/lists/{row['id']}"
    return {"id": row["id"], "name": row["name"], "contact_count": count, "_metadata": {"self": link}}


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise ApiError(400, ("name", "name should have 1 to 100 characters"))
    return name


def _list(db: sqlite3.Connection, list_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM list WHERE id = ?", (list_id,)).fetchone()
    if row is None:
        raise ApiError(404, (None, "list not found"))
    return row


def router(store: Store) -> APIRouter:
    """The routes below `/v3/marketing/lists` and `/v3/marketing/field_definitions`."""
    api = APIRouter(prefix="/v3/marketing")

    @api.get("/lists")
    def lists(request: Request, page_size: int = 100, page_token: str = "") -> dict[str, Any]:  # nosec B107
        base = str(request.base_url)
        with store.transaction() as db:
            rows = db.execute(
                "SELECT * FROM list WHERE name > ? ORDER BY name LIMIT ?",
                (page_token, min(page_size, 1000) + 1),
            ).fetchall()
            more, rows = len(rows) > min(page_size, 1000), rows[: min(page_size, 1000)]
            metadata: dict[str, Any] = {"self": str(request.url), "count": len(rows)}
            if more:
                metadata["next"] = str(request.url.include_query_params(page_token=rows[-1]["name"]))
            return {"result": [_view(db, row, base) for row in rows], "_metadata": metadata}

    @api.post("/lists", status_code=201)
    def create(request: Request, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        name = _name(body)
        with store.transaction() as db:
            if db.execute("SELECT 1 FROM list WHERE name = ?", (name,)).fetchone():
                raise ApiError(400, ("name", "a list with this name already exists"))
            list_id = str(uuid.uuid4())
            db.execute("INSERT INTO list VALUES (?, ?)", (list_id, name))
            return _view(db, _list(db, list_id), str(request.base_url))

    @api.get("/lists/{list_id}")
    def get(request: Request, list_id: str) -> dict[str, Any]:
        with store.transaction() as db:
            return _view(db, _list(db, list_id), str(request.base_url))

    @api.patch("/lists/{list_id}")
    def rename(request: Request, list_id: str, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        name = _name(body)
        with store.transaction() as db:
            _list(db, list_id)
            if db.execute("SELECT 1 FROM list WHERE name = ? AND id <> ?", (name, list_id)).fetchone():
                raise ApiError(400, ("name", "a list with this name already exists"))
            db.execute("UPDATE list SET name = ? WHERE id = ?", (name, list_id))
            return _view(db, _list(db, list_id), str(request.base_url))

    @api.delete("/lists/{list_id}/contacts", status_code=202)
    def remove(list_id: str, contact_ids: str = "") -> JSONResponse:
        ids = [each for each in contact_ids.split(",") if each]
        if not ids:
            raise ApiError(400, ("contact_ids", "contact_ids should name at least one contact"))
        with store.transaction() as db:
            _list(db, list_id)
            job_id = jobs.accept(db, "delete", {"list_id": list_id, "contact_ids": ids})
        return JSONResponse({"job_id": job_id}, 202)

    @api.get("/field_definitions")
    def fields(request: Request) -> dict[str, Any]:
        with store.transaction() as db:
            rows = db.execute("SELECT id, name, field_type FROM field ORDER BY rowid").fetchall()
        reserved = [
            {"id": f"_rf{i}_T", "name": name, "field_type": "Text"} for i, name in enumerate(RESERVED)
        ]
        custom = [dict(row) for row in rows]
        return {"custom_fields": custom, "reserved_fields": reserved, "_metadata": {"self": str(request.url)}}

    @api.post("/field_definitions")
    def define(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        name, kind = _name(body), body.get("field_type")
        if kind not in FIELD_TYPES:
            raise ApiError(400, ("field_type", f"field_type should be one of {', '.join(FIELD_TYPES)}"))
        if not name.isascii() or not name.replace("_", "a").isalnum() or name[0].isdigit():
            raise ApiError(400, ("name", "name should consist of letters, digits and underscores"))
        with store.transaction() as db:
            taken = {row[0].lower() for row in db.execute("SELECT name FROM field")} | set(RESERVED)
            if name.lower() in taken:
                raise ApiError(400, ("name", "a field with this name already exists"))
            field_id = f"e{len(taken) - len(RESERVED) + 1}_{kind[0]}"
            db.execute("INSERT INTO field VALUES (?, ?, ?)", (field_id, name, kind))
        return {"id": field_id, "name": name, "field_type": kind}

    return api
