"""A lake that looks like the demo's after a week: batches with their lives, and rows that were set aside."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from web import example_people

from perennial.lake.catalog import Lake
from perennial.lake.signals import CORRECTIONS, QUARANTINE, RESOLUTIONS
from perennial.signals.batches import Batch, BatchError, Batches, Status

DAYS = [date(2017, 12, 25) + timedelta(days=n) for n in range(7)]
START = datetime(2018, 1, 2, 4, 10, tzinfo=UTC)
LINES = 5_612
LINE = {
    "household_id": "1228",
    "store_id": "330",
    "basket_id": "9931993",
    "product_id": "825123",
    "quantity": "1",
    "sales_value": "3.99",
    "retail_disc": "0.60",
    "coupon_disc": "0.00",
    "coupon_match_disc": "0.00",
    "week": "52",
    "transaction_timestamp": "2017-12-25 14:05:11",
}
SCRIPT = "<script>alert(document.domain)</script>"
BROKEN: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"quantity": "-1", "household_id": None}, ["household_id: required, but missing", "quantity: below 0"]),
    ({"sales_value": "n/a"}, ["sales_value: not readable as its type"]),
    ({"transaction_timestamp": None}, ["event_time: required, but missing"]),
    ({"household_id": "12x28"}, [r"household_id: does not match ^\d+$"]),
]
"""What is wrong with a line, and what the quarantine says of it; the first is what the others differ from."""
TEXT = '=2300,"330,9931993,825123,1,3.99'
"""A line that cannot be split into fields, and that a spreadsheet would run."""


def fill(root: str) -> Lake:
    """Fill a lake with 43 batches, 32 quarantined rows, a correction, a replayed and a discarded row."""
    lake = Lake(root)
    example_people.fill(lake)
    batches = Batches(lake.batches)
    for name, rows in (("transactions", 1_462_907), ("coupon_redemptions", 2_084), ("households", 801)):
        _succeed(
            batches,
            Batch(f"{name}-history", name, "files", None, Status.STAGING, START, 0, 1, rows * 41),
            rows,
        )
    quarantined = [*_quarantined()]
    at = START + timedelta(hours=1)
    for day in DAYS:
        at += timedelta(minutes=7)
        name = f"transactions-{day}"
        bad = sum(row["quarantined_on"] == day for row in quarantined)
        error = BatchError("RULE", "rows that broke a rule of the dataset; see the quarantine", bad)
        batch = Batch(name, "transactions", "files", day, Status.STAGING, at, 0, 1, 530_112)
        _succeed(batches, batch, LINES, duplicate=3, failed=bad, errors=(error,))
        batch = Batch(
            f"coupon_redemptions-{day}", "coupon_redemptions", "files", day, Status.STAGING, at, 0, 1, 812
        )
        _succeed(batches, batch, 21)
    _fail(batches, at + timedelta(minutes=9))
    ended = at + timedelta(minutes=10)
    stream = [
        Batch(
            batch=f"stream-{n:03}",
            dataset="coupon_redemptions",
            source="stream",
            day=None,
            status=Status.SUCCESS,
            at=ended + timedelta(minutes=n),
            bytes=4_000 + n,
            read=40 + n,
            accepted=40 + n,
        )
        for n in range(24)
    ]
    batches.record(stream)
    lake.quarantine("transactions").append(pl.DataFrame(quarantined, schema=QUARANTINE))
    lake.corrections.append(
        pl.DataFrame(
            [("row-1225-2", "transactions", json.dumps({**LINE, "sales_value": "4.20"}), "maria", at)],
            schema=CORRECTIONS,
            orient="row",
        )
    )
    ends: list[tuple[Any, ...]] = [
        ("row-1231-4", "transactions", "replayed", "replay-1", "maria", at),
        ("row-1231-3", "transactions", "discarded", None, "admin", at),
    ]
    lake.resolutions.append(pl.DataFrame(ends, schema=RESOLUTIONS, orient="row"))
    return lake


def _succeed(
    batches: Batches, batch: Batch, rows: int, duplicate: int = 0, failed: int = 0, **facts: Any
) -> None:
    batches.begin(batch)
    batches.move(batch.batch, Status.STAGED, batch.at + timedelta(seconds=1.7), read=rows)
    counts = {"accepted": rows - duplicate - failed, "duplicate": duplicate, "failed": failed}
    batches.move(batch.batch, Status.SUCCESS, batch.at + timedelta(seconds=2.1), **counts, **facts)


def _fail(batches: Batches, at: datetime) -> None:
    wrong = BatchError(
        "TOLERANCE", "812 of 2,469 rows are bad, more than the 5% that contacts tolerates", 812
    )
    batches.begin(Batch("contacts-history", "contacts", "files", None, Status.STAGING, at, 0, 1, 98_112))
    facts: dict[str, Any] = {"read": 2_469, "failed": 812, "errors": (wrong,)}
    batches.move("contacts-history", Status.FAILED, at + timedelta(minutes=3), **facts)
    batches.create(Batch("upload-7f3a", "products", "upload", None, Status.LOADING, at, 0, 2, 88_213_004))
    batches.begin(Batch("products-history", "products", "files", None, Status.STAGING, at, 0, 1, 4_100_218))
    batches.move("products-history", Status.STALLED, at + timedelta(hours=6))


def _quarantined() -> Iterator[dict[str, Any]]:
    for day in DAYS:
        for n, (changes, reasons) in enumerate(BROKEN):
            if n == 0:
                continue
            basket = f"99{LINE['basket_id']}{day.day}{n}"
            time = f"{day} {8 + n:02}:05:1{n}"
            record = {**LINE, "transaction_timestamp": time, "basket_id": basket, **changes}
            yield _row(f"row-{day:%m%d}-{n}", day, LINES - 5 + n, json.dumps(record), reasons)
    hostile = {**LINE, "household_id": SCRIPT, "store_id": "=1+1", "note": "long " * 60}
    yield _row("row-script", DAYS[-1], 17, json.dumps(hostile), [r"household_id: does not match ^\d+$"])
    yield _row("row-text", DAYS[-1], 18, TEXT, ["the line has 6 fields, the header 11"])
    typed = {"customer": {"id": 12345678901234567890, "vip": True}, "quantity": 1.50, "household_id": None}
    yield _row("row-typed", DAYS[0], 3, json.dumps(typed), ["household_id: required, but missing"])
    empty = {**LINE, "quantity": ""}
    yield _row("row-empty", DAYS[0], 4, json.dumps(empty), ["quantity: required, but missing"])


def _row(identifier: str, day: date, line: int, raw: str, reasons: list[str]) -> dict[str, Any]:
    return {
        "id": identifier,
        "file": f"/landing/transactions/daily/{day}.csv",
        "line": line,
        "raw": raw,
        "reasons": reasons,
        "batch": f"transactions-{day}",
        "quarantined_on": day,
    }
