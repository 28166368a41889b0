"""Batches file by file: parts become files byte for byte, and a batch moves only as its states allow."""

import base64
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient

from perennial.collector.app import create_app
from perennial.collector.limits import Limits
from perennial.lake.catalog import Lake
from perennial.signals.batches import BatchError, Batches, Status
from perennial.signals.uploads import Staging

from .place import Place

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


class Sender:
    """What a source does."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def __call__(self, method: str, path: str, content: Any = None, **headers: str) -> Any:
        how: dict[str, Any] = {"json": content} if isinstance(content, dict) else {"content": content}
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.request(method, path, headers={**self._headers, **names}, **how)

    def begin(self, **how: Any) -> str:
        response = self("POST", "/batches", {"dataset": "orders", **how})
        assert response.status_code == 201, response.text
        assert response.headers["location"] == f"/batches/{response.json()['id']}"
        return str(response.json()["id"])

    def part(self, batch: str, name: str, content: bytes, start: int, total: int | str, **more: str) -> Any:
        where = f"bytes {start}-{start + len(content) - 1}/{total}"
        return self("PATCH", f"/batches/{batch}/files/{name}", content, content_range=where, **more)


@pytest.fixture
def sender(client: TestClient, place: Place) -> Sender:
    return Sender(client, place.headers())


@pytest.fixture
def staging(place: Place) -> Staging:
    return Staging(place.settings().places.staging)


def test_a_batch_is_created_filled_and_completed(sender: Sender, staging: Staging, place: Place) -> None:
    batch = sender.begin(note="first of the year", format="csv")
    assert batch.startswith("orders-")
    for name in ("b.csv", "a.csv.gz"):
        response = sender("PUT", f"/batches/{batch}/files/{name}", name.encode())
        assert (response.status_code, response.json()) == (
            201, {"name": name, "size": len(name), "complete": True},
        )  # fmt: skip
    assert sender("PUT", f"/batches/{batch}/files/b.csv", b"again").status_code == 200
    for _ in range(2):
        response = sender("POST", f"/batches/{batch}/complete")
        told = response.json()
        assert (response.status_code, told["status"], told["note"]) == (200, "loaded", "first of the year")
    assert (told["metrics"]["files"], told["metrics"]["bytes"]) == (2, len(b"again") + len("a.csv.gz"))
    assert [step["status"] for step in told["steps"]] == ["loading", "loaded"]
    assert [Path(file).name for file in staging.files_of(batch)] == ["a.csv.gz", "b.csv"]
    assert Path(staging.files_of(batch)[1]).read_bytes() == b"again"
    found = Batches(Lake(str(place.root / "lake")).batches).find(batch)
    assert found is not None
    assert (found.status, found.source, found.day) == (Status.LOADED, "upload", None)


def test_parts_become_the_file_byte_for_byte(sender: Sender, staging: Staging) -> None:
    batch, content = sender.begin(), os.urandom(1_000_000)
    for start in range(0, len(content), 300_000):
        chunk = content[start : start + 300_000]
        total = len(content) if start else "*"
        response = sender.part(batch, "big.csv", chunk, start, total, repr_digest=digest(content))
        reached = start + len(chunk)
        complete = reached == len(content)
        assert response.status_code == (201 if complete else 202)
        assert response.json() == {"name": "big.csv", "size": reached, "complete": complete}
        assert sender("HEAD", f"/batches/{batch}/files/big.csv").headers["upload-offset"] == str(reached)
    assert Path(staging.files_of(batch)[0]).read_bytes() == content


def test_a_part_in_the_wrong_place_is_told_the_right_one(sender: Sender, staging: Staging) -> None:
    batch = sender.begin()
    assert sender.part(batch, "a.csv", b"late", 4, 8).json()["expected_offset"] == 0
    assert sender.part(batch, "a.csv", b"0123", 0, 8).status_code == 202
    for start in (0, 2, 5):
        response = sender.part(batch, "a.csv", b"4567"[: 8 - start], start, 20)
        assert (response.status_code, response.json()["error"]) == (409, "wrong_offset")
        assert (response.json()["expected_offset"], response.headers["upload-offset"]) == (4, "4")
    assert sender("GET", f"/batches/{batch}/files/a.csv").json() == {
        "name": "a.csv", "size": 4, "complete": False,
    }  # fmt: skip
    response = sender("POST", f"/batches/{batch}/complete")
    assert (response.status_code, response.json()["error"]) == (409, "incomplete")
    assert sender.part(batch, "a.csv", b"4567", 4, 8).status_code == 201
    response = sender.part(batch, "a.csv", b"89", 8, 10)
    assert (response.status_code, response.json()["expected_offset"]) == (409, 8)
    assert Path(staging.files_of(batch)[0]).read_bytes() == b"01234567"


@pytest.mark.parametrize("header", ["repr-digest", "digest"])
def test_a_file_that_is_not_what_was_meant_is_not_kept(sender: Sender, staging: Staging, header: str) -> None:
    batch, wrong = sender.begin(), digest(b"other")
    response = sender("PUT", f"/batches/{batch}/files/a.csv", b"this", **{header: wrong})
    assert (response.status_code, response.json()["error"]) == (400, "bad_digest")
    assert sender.part(batch, "b.csv", b"this", 0, 4, **{header: wrong}).status_code == 400
    assert sender("PUT", f"/batches/{batch}/files/a.csv", b"this", digest="md5=x").status_code == 400
    assert staging.listing(batch) == []
    assert sender("PUT", f"/batches/{batch}/files/a.csv", b"this", **{header: digest(b"this")}).is_success


@pytest.mark.parametrize("value", ["", "bytes 0-3", "bytes 3-0/4", "bytes 0-3/2", "bytes 0-9/10", "0-3/4"])
def test_a_range_that_makes_no_sense_is_refused(sender: Sender, value: str) -> None:
    batch = sender.begin()
    response = sender("PATCH", f"/batches/{batch}/files/a.csv", b"0123", content_range=value)
    assert (response.status_code, response.json()["error"]) == (400, "bad_range")


@pytest.mark.parametrize(
    "name",
    [".hidden.csv", "a.exe", "csv", "a.csv.exe", "%2e%2e%2fa.csv", "a%00.csv", "ä.csv", "a" * 200 + ".csv"],
)
def test_names_that_are_no_plain_names_are_refused(sender: Sender, staging: Staging, name: str) -> None:
    batch = sender.begin()
    assert sender("PUT", f"/batches/{batch}/files/{name}", b"x").status_code in (400, 404)
    assert sender.part(batch, name, b"x", 0, 1).status_code in (400, 404)
    assert staging.listing(batch) == []


def test_names_end_as_the_format_says(sender: Sender) -> None:
    batch = sender.begin(format="parquet")
    response = sender("PUT", f"/batches/{batch}/files/a.csv", b"x")
    assert (response.status_code, response.json()["error"]) == (400, "bad_name")
    assert ".parquet" in response.json()["detail"]


def test_an_aborted_batch_is_gone_and_a_loaded_one_cannot_be_aborted(
    sender: Sender, staging: Staging
) -> None:
    first, second = sender.begin(), sender.begin()
    for batch in (first, second):
        sender("PUT", f"/batches/{batch}/files/a.csv", b"x")
    for _ in range(2):
        assert sender("POST", f"/batches/{first}/abort").json()["status"] == "aborted"
    assert staging.files_of(first) == []
    for method, path in (("PUT", "files/b.csv"), ("POST", "complete")):
        response = sender(method, f"/batches/{first}/{path}", b"x" if method == "PUT" else None)
        assert (response.status_code, response.json()["error"]) == (409, "wrong_state")
    sender("POST", f"/batches/{second}/complete")
    response = sender("POST", f"/batches/{second}/abort")
    assert (response.status_code, "is loaded" in response.json()["detail"]) == (409, True)
    assert sender("PUT", f"/batches/{second}/files/b.csv", b"x").status_code == 409
    assert len(staging.files_of(second)) == 1


def test_an_empty_batch_cannot_be_completed(sender: Sender) -> None:
    batch = sender.begin()
    response = sender("POST", f"/batches/{batch}/complete")
    assert (response.status_code, response.json()["error"]) == (409, "no_files")
    sender("PUT", f"/batches/{batch}/files/a.csv", b"x")
    assert sender("POST", f"/batches/{batch}/complete").status_code == 200


def test_sizes_are_refused_with_limit_and_size(place: Place) -> None:
    with TestClient(
        create_app(place.settings(Limits(part_bytes=10, file_bytes=15, batch_files=1)))
    ) as client:
        sender = Sender(client, place.headers())
        batch = sender.begin()
        for response, limit, size in (
            (sender("PUT", f"/batches/{batch}/files/a.csv", b"x" * 11), 10, 11),
            (sender.part(batch, "a.csv", b"x" * 11, 0, 11), 10, 11),
            (sender.part(batch, "a.csv", b"x", 0, 16), 15, 16),
        ):
            answer = response.json()
            assert (response.status_code, answer["limit"], answer["size"]) == (413, limit, size)
        assert sender("PUT", f"/batches/{batch}/files/a.csv", b"x").status_code == 201
        response = sender("PUT", f"/batches/{batch}/files/b.csv", b"x")
        assert (response.status_code, response.json()["limit"]) == (413, 1)


def test_a_batch_is_its_senders_only(client: TestClient, place: Place) -> None:
    shop, depot = Sender(client, place.headers()), Sender(client, place.headers("depot"))
    batch = shop.begin()
    for method, path in (
        ("GET", ""), ("GET", "/errors"), ("POST", "/complete"), ("POST", "/abort"),
        ("PUT", "/files/a.csv"), ("PATCH", "/files/a.csv"), ("GET", "/files/a.csv"),
    ):  # fmt: skip
        response = depot(method, f"/batches/{batch}{path}")
        assert (response.status_code, response.json()["error"]) == (404, "unknown_batch")
    assert depot("GET", "/batches").json()["total"] == 0
    assert depot("POST", "/batches", {"dataset": "orders"}).status_code == 403
    assert shop("POST", "/batches", {"dataset": "nothing"}).status_code == 404


def test_batches_are_listed_the_newest_first(sender: Sender) -> None:
    made = [sender.begin(dataset=name) for name in ("orders", "stock", "orders")]
    sender("POST", f"/batches/{made[0]}/abort")
    listed = sender("GET", "/batches?limit=2").json()
    assert ([each["id"] for each in listed["batches"]], listed["total"]) == (made[:0:-1], 3)
    assert [each["id"] for each in sender("GET", "/batches?offset=2").json()["batches"]] == [made[0]]
    found = sender("GET", "/batches?dataset=orders&status=loading").json()["batches"]
    assert [each["id"] for each in found] == [made[2]]
    for wrong in ("status=lost", "limit=0", "offset=x", "page=1"):
        assert sender("GET", f"/batches?{wrong}").status_code == 400


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"format": "csv"}', b'{"dataset": "orders", "format": "xls"}']
)
def test_a_batch_that_is_not_described_is_refused(sender: Sender, body: bytes) -> None:
    response = sender("POST", "/batches", body)
    assert (response.status_code, response.json()["error"]) == (400, "bad_batch")


def test_what_was_set_aside_is_told_row_by_row(sender: Sender, place: Place) -> None:
    batch, lake = sender.begin(), Lake(str(place.root / "lake"))
    sender("PUT", f"/batches/{batch}/files/a.csv", b"x")
    sender("POST", f"/batches/{batch}/complete")
    batches = Batches(lake.batches)
    batches.move(batch, Status.STAGING, NOW)
    batches.move(
        batch, Status.SUCCESS, NOW, read=5, accepted=2, failed=3, errors=(BatchError("row", "bad rows", 3),)
    )
    rows = {
        "id": ["c", "a", "b"], "file": ["/somewhere/a.csv"] * 3, "line": [4, 2, 3],
        "raw": ["{}"] * 3, "reasons": [["amount: below 0"]] * 3, "batch": [batch, batch, "other"],
        "quarantined_on": [NOW.date()] * 3,
    }  # fmt: skip
    quarantine = lake.quarantine("orders")
    quarantine.append(pl.DataFrame(rows, schema=quarantine.schema))
    told = sender("GET", f"/batches/{batch}").json()
    assert (told["status"], told["metrics"]["failed"]) == ("success", 3)
    assert told["errors"] == [{"code": "row", "description": "bad rows", "rows": 3}]
    page = sender("GET", f"/batches/{batch}/errors?limit=1&offset=1").json()
    assert page["total"] == 2
    assert page["errors"] == [
        {"id": "c", "file": "a.csv", "line": 4, "reasons": ["amount: below 0"], "raw": "{}"}
    ]
