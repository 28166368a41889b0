"""A lake and a store in which a few households have left rows everywhere, in older snapshots too."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import psycopg
from identity_rows import mapping

from perennial.activation import ledger
from perennial.activation.holdout import SCHEMA
from perennial.activation.refusals import Part, Search
from perennial.campaigns import ledger as campaigns
from perennial.campaigns.outcomes import Outcome
from perennial.identity.values import EMAIL, EMAIL_SHA256, sha256
from perennial.ids import uuid7s
from perennial.lake import storage
from perennial.lake.audiences import LISTS, STANDINGS
from perennial.lake.catalog import Lake
from perennial.lake.identity import EVENTS, LINKS
from perennial.lake.responses import EMAIL_EVENTS
from perennial.lake.signals import CORRECTIONS, QUARANTINE, RESOLUTIONS
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace

PEOPLE = ["1001", "1002", "1003"]
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUSEHOLD = "household"
MARK = 7
"""What the ledger says it was made of."""


def email(household: str) -> str:
    return f"household.{household}@example.com"


def workspace(folder: Path) -> Workspace:
    return Workspace(
        Settings(REPOSITORY / "include", str(folder / "lake"), str(folder / "landing"), folder / "spool")
    )


def frame(schema: pl.Schema, rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def fill(lake: Lake) -> None:
    """Rows of all people in all tables."""
    # One commit a household: the least and the greatest value of a file are then theirs, in the log as well.
    for day in (DAY, DAY + timedelta(days=1)):
        for person in PEOPLE:
            rows = pl.DataFrame(
                {
                    "event_time": [NOON], "household_id": [person], "basket_id": [f"{person}-{day}"],
                    "event_id": [f"{person}|{day}"], "event_date": [day], "batch": ["b"],
                }
            )  # fmt: skip
            lake.events("transactions").append(rows)
    contacts = pl.DataFrame({"household_id": PEOPLE, "email": [f" {email(p).title()} " for p in PEOPLE]})
    lake.records("contacts").replace(contacts.head(2))
    lake.records("contacts").replace(contacts)
    lake.records("households").replace(pl.DataFrame({"household_id": PEOPLE, "age": ["19-24"] * 3}))
    lake.records("products").replace(pl.DataFrame({"product_id": ["1001"]}))
    people = pl.DataFrame({"person_id": PEOPLE, EMAIL: [email(p) for p in PEOPLE]})
    people = people.with_columns(sha256(pl.col(EMAIL)).alias(EMAIL_SHA256))
    for day in (DAY, DAY + timedelta(days=1)):
        dated = people.with_columns(as_of=pl.lit(day))
        lake.profiles.replace(dated, day)
        chunk, month = str(day), pl.lit("2026-11.000")
        lake.value("customer_value").append(
            dated.select("person_id", "as_of", spend=pl.lit(1), chunk=pl.lit(chunk))
        )
        lake.ledger("customer_value").append(
            dated.select("person_id", day="as_of", rows=pl.lit(1), part=month), [("definition", MARK)]
        )
        lake.rfm("rfm").replace(dated.select("person_id", "as_of", segment=pl.lit("Core")), day)
        lake.lifetime("lifetime").replace(dated.select("person_id", "as_of", p_alive=pl.lit(0.5)), day)
        lake.membership.replace(dated.select("person_id", "as_of", audience=pl.lit("top")), day)
        lake.live_profiles.replace(dated.with_columns(snapshot=pl.lit(0), step=pl.lit(0)), day)
    standing = {"audiences": ["top"], "entered": ["top"], "exited": [], "at": NOON, "step": 0}
    lake.live_membership.append(frame(STANDINGS, [standing | {"person_id": p} for p in PEOPLE]))
    known = [
        people.select(namespace=pl.lit(name), value=column, person_id="person_id")
        for name, column in ((HOUSEHOLD, "person_id"), (EMAIL, EMAIL), (EMAIL_SHA256, EMAIL_SHA256))
    ]
    lake.identities.append(mapping(pl.concat(known)))
    entries = [{"audience": "vips", "namespace": EMAIL, "value": email(p), "added_at": NOON} for p in PEOPLE]
    for entry in entries:
        lake.lists.append(frame(LISTS, [entry]))
    both = {"left_namespace": HOUSEHOLD, "right_namespace": EMAIL, "dataset": "contacts"}
    lake.links.append(frame(LINKS, [both | {"left": p, "right": email(p)} for p in PEOPLE]))
    joined = [
        {"event": "joined", "person_id": p, "other_person": email(p), "namespace": EMAIL, "value": email(p)}
        for p in PEOPLE
    ]
    lake.identity_events.append(frame(EVENTS, joined))
    hashes = people[EMAIL_SHA256]
    events = [
        {
            "event_id": f"e{n}",
            "event_date": DAY,
            "person_id": None if n else p,
            "email_sha256": h,
            "send_id": h[:16],
        }
        for n in range(2)
        for p, h in zip(PEOPLE, hashes, strict=True)
    ]
    lake.email_events.append(frame(EMAIL_EVENTS, events))
    _fill_quarantine(lake)


def _fill_quarantine(lake: Lake) -> None:
    raws: dict[str, Callable[[str], str]] = {
        "by field": lambda p: json.dumps({"household_id": p, "email": "nonsense"}),
        "by address": lambda p: json.dumps({"household_id": "x", "note": f"write to {email(p)}!"}),
        "broken": lambda p: f'"{p};{email(p).upper()}',
    }
    rows = [
        {"id": f"{kind} {p}", "raw": raw(p), "quarantined_on": DAY, "batch": "b"}
        for kind, raw in raws.items()
        for p in PEOPLE
    ]
    # Somebody bought 1001 pieces: the number is nobody.
    rows.append({"id": "number", "raw": json.dumps({"household_id": "x", "n": 1001}), "quarantined_on": DAY})
    rows.append({"id": "open", "raw": '"1001;1002;1003', "quarantined_on": DAY})
    lake.quarantine("contacts").append(frame(QUARANTINE, rows))
    event = {"id": "event", "raw": json.dumps({"event": "x", "email": email("1001")}), "quarantined_on": DAY}
    lake.quarantine("email_events").append(frame(QUARANTINE, [event]))
    notes = [{"id": f"by field {p}", "dataset": "contacts", "at": NOON} for p in PEOPLE]
    corrected = [
        note | {"raw": json.dumps({"email": email(p)})} for note, p in zip(notes, PEOPLE, strict=True)
    ]
    lake.corrections.append(frame(CORRECTIONS, corrected))
    lake.resolutions.append(frame(RESOLUTIONS, notes))


def fill_store(url: str) -> None:
    """The ledger and the suppressions, as activation writes them."""
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    ledger.migrate(url)
    with ledger.open_ledger(url, "esp", "email") as opened:
        rows = pl.DataFrame(
            {
                "key": [email(p) for p in PEOPLE],
                "person_id": PEOPLE,
                "payload_hash": ["h"] * 3,
                "audiences": [["top"]] * 3,
            }
        )
        opened.intend_upserts(opened.begin(NOON), [Part(rows, ["top"], Search())])
        opened.assign(
            NOON,
            pl.DataFrame(
                [("top", person, "treated", 0.1, 1) for person in PEOPLE], schema=SCHEMA, orient="row"
            ),
        )
    campaigns.migrate(url)
    with campaigns.open_ledger(url, "thanks") as sent:
        for person, name in zip(PEOPLE, uuid7s(len(PEOPLE), 0), strict=True):
            digest = hashlib.sha256(email(person).encode()).hexdigest()
            assert sent.intend(name, person, digest, "top", DAY, NOON)
            sent.conclude(name, Outcome.sent("ok"), NOON)
    with psycopg.connect(url) as connection:
        connection.cursor().executemany(
            "INSERT INTO activation.suppression VALUES ('esp', %s, 'bounce')", [(email(p),) for p in PEOPLE]
        )
        connection.cursor().executemany(
            "INSERT INTO activation.exported VALUES ('files', 'mail', 'top', %s, %s, 'h', '2017-12-24Z')",
            [(email(p), p) for p in PEOPLE],
        )


def everything(root: str, url: str | None) -> str:
    """All text that lies anywhere: every Parquet file decoded, every other file and table as it is."""
    parts = []
    paths = [entry.path for entry in storage.entries(root) if "privacy" not in entry.path.split("/")]
    for path, content in sorted(storage.contents(root, paths).items()):
        parts.append(path)
        if path.endswith(".parquet"):
            parts += [json.dumps(row, default=str) for row in pl.read_parquet(BytesIO(content)).rows()]
        else:
            parts.append(content.decode(errors="replace"))
    if url is not None:
        with psycopg.connect(url) as connection:
            for table in ("delivery", "suppression", "batch", "run", "list"):
                rows = connection.execute(f"SELECT t::text FROM activation.{table} t").fetchall()  # type: ignore[arg-type]
                parts += [row for (row,) in rows]
            sent = connection.execute(
                "SELECT m::text || e::text FROM campaigns.message m JOIN campaigns.event e USING (message_id)"
            )
            parts += [row for (row,) in sent]
    return "\n".join(parts)
