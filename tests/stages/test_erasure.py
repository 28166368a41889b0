"""Whoever is erased leaves no trace: not in the tables, not in their history, not in the store."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import polars as pl
import psycopg
import pytest
from s3_server import upload

from perennial.identity.values import EMAIL
from perennial.lake.bots import BOT_DECISIONS, BOT_MARKS, BOTS_FOUND, VISITOR_DAYS
from perennial.lake.browsing import LEFT_BEHIND
from perennial.lake.erasure import ErasureIncomplete, erased
from perennial.lake.history import snapshots
from perennial.settings import REPOSITORY
from perennial.signals.erased import fingerprint
from perennial.stages import erasure
from perennial.stages.erasure import Request
from perennial.stages.identities import identities
from perennial.stages.lateness import DAILY, begin, complete, late, note_arrivals
from perennial.stages.workspace import Workspace

from .people import DAY, HOUSEHOLD, MARK, PEOPLE, email, everything, fill, fill_store, frame, workspace

NOW = datetime.now(UTC) + timedelta(days=2)
"""By then, no file is young enough to belong to a writer that goes on."""
GONE, *OTHERS = PEOPLE
RANDOM = re.compile(r"\b([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\b|\d{5,}")


def request(namespace: str = EMAIL, value: str = email(GONE), name: str = "request-1") -> Request:
    return Request(name, namespace, fingerprint(value, namespace), "asked by letter", NOW)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    fill(workspace(folder).lake)
    return folder


@pytest.fixture
def made(filled: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return workspace(tmp_path)


@dataclass(frozen=True)
class Done:
    """An erasure that is complete, and the search for each household before it."""

    workspace: Workspace
    store_url: str
    before: dict[str, list[str]]
    certificate: dict[str, Any]


@pytest.fixture(scope="module")
def done(filled: Path, store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("done")
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    made = workspace(folder)
    fill_store(store_url)
    before = {person: search(made, store_url, person) for person in PEOPLE}
    return Done(made, store_url, before, erasure.erase(made, store_url, request(), NOW))


def search(made: Workspace, url: str | None, person: str) -> list[str]:
    """Everything that is left of a household, but for what is nobody's: a product, a number, an open row."""
    nobody = (f'["{person}"]', "product_id", '\\"x\\", \\"n\\"', "1001;1002;1003")
    hashed = fingerprint(email(person), EMAIL)
    # Random names of files, moments and sizes may have a household's number in them.
    text = everything(made.lake.root, url).splitlines()
    lines = [line for line in text if person in RANDOM.sub("", line.lower()) or hashed in line]
    return [line for line in lines if not any(text in line for text in nobody)]


@pytest.mark.store
def test_nothing_is_left_of_the_person_and_all_of_the_others(done):
    assert all(len(lines) > 20 for lines in done.before.values())
    assert search(done.workspace, done.store_url, GONE) == []
    lake = done.workspace.lake
    for table, column, rows in (
        (lake.events("transactions"), "household_id", 2),
        (lake.records("contacts"), "household_id", 1),
        (lake.profiles, "person_id", 2),
        (lake.value("customer_value"), "person_id", 2),
        (lake.ledger("customer_value"), "person_id", 2),
        (lake.rfm("rfm"), "person_id", 2),
        (lake.lifetime("lifetime"), "person_id", 2),
        (lake.membership, "person_id", 2),
        (lake.live_membership, "person_id", 1),
        (lake.live_profiles, "person_id", 2),
        (lake.identities, "person_id", 3),
        (lake.links, "left", 1),
        (lake.identity_events, "person_id", 1),
    ):
        kept = table.scan().collect()[column].to_list()
        assert sorted(kept) == sorted(OTHERS * rows), table.name
    assert lake.email_events.scan().collect().height == 4
    assert sorted(lake.lists.scan().collect()["value"]) == [email(p) for p in OTHERS]
    assert sorted(lake.quarantine("contacts").scan().collect()["id"]) == sorted(
        [f"{kind} {p}" for kind in ("by field", "by address", "broken") for p in OTHERS] + ["number", "open"]
    )
    assert len(lake.corrections.scan().collect()) == len(lake.resolutions.scan().collect()) == 2
    assert lake.records("products").scan().collect().height == 1
    with psycopg.connect(done.store_url) as connection:
        for query in (
            "SELECT key FROM activation.suppression",
            "SELECT key FROM activation.delivery",
            "SELECT key FROM activation.exported",
        ):
            assert sorted(connection.execute(query).fetchall()) == [(email(p),) for p in OTHERS]


@pytest.mark.long
def test_nothing_is_left_in_an_object_store_either(made, object_store):
    upload(Path(made.lake.root), f"{object_store}/lake")
    there = Workspace(replace(made.settings, lake=f"{object_store}/lake"))
    assert len(search(there, None, GONE)) > 20
    certificate = erasure.erase(there, None, request(), NOW)
    assert search(there, None, GONE) == []
    here = erasure.erase(made, None, request(), NOW)
    assert certificate["removed"] == [each | {"bytes": ANY} for each in here["removed"]]
    (more,) = set(certificate["elsewhere"]) - set(here["elsewhere"])
    assert more.startswith("the lake's bucket, if it keeps versions")


@pytest.mark.store
def test_the_certificate_says_what_was_removed_and_names_nobody(done):
    certificate = done.certificate
    removed = {each["place"]: each["rows"] for each in certificate["removed"]}
    assert removed == {
        "audiences/lists": 1, "audiences/membership": 2, "events/transactions": 2, "ledger/customer_value": 2,
        "lifetime/lifetime": 2,
        "identity/events": 1, "identity/links": 1, "identity/mapping": 3, "live/membership": 1,
        "live/profiles": 2, "profiles/snapshot": 2,
        "quarantine/contacts": 3, "quarantine/email_events": 1,
        "records/contacts": 1, "records/households": 1,
        "responses/email_events": 2, "rfm/rfm": 2, "signals/corrections": 1, "signals/resolutions": 1,
        "store: activation.assignment": 1, "store: activation.delivery": 1,
        "store: activation.exported": 1, "store: activation.suppression": 1,
        "store: campaigns.message": 1, "value/customer_value": 2,
    }  # fmt: skip
    kept = erasure.certificates(done.workspace.lake.root).scan().collect()
    assert json.loads(kept["document"][0]) == certificate
    assert kept["verified"].to_list() == [True]
    assert email(GONE) not in json.dumps(certificate)
    assert f'"{GONE}"' not in json.dumps(certificate)
    assert certificate["expires"][0]["what"].startswith("1 quarantined rows that cannot be split")
    assert certificate["expires"][0]["until"] == (NOW + timedelta(days=30)).date().isoformat()
    assert certificate["verification"]["nobody_is_named_in"] == ["records/products"]


def test_the_ledger_of_the_others_need_not_be_made_anew(done):
    assert done.workspace.lake.ledger("customer_value").transaction("definition") == MARK


def test_tables_without_the_person_keep_their_history(made):
    lake = made.lake
    for value in range(3):
        lake.events("app_events").append(
            pl.DataFrame({"household_id": ["9"], "event_date": [DAY], "v": [value]})
        )
    erasure.erase(made, None, request(), NOW)
    assert snapshots(lake.events("app_events")).height == 3
    assert snapshots(lake.events("transactions"))["snapshot_id"][0] > 6


def test_all_that_leads_to_the_person_is_found_first(made):
    wanted = identities(made, EMAIL, fingerprint(email(GONE), EMAIL))
    assert wanted[HOUSEHOLD] == {fingerprint(GONE, HOUSEHOLD)}
    assert identities(made, HOUSEHOLD, fingerprint(GONE, HOUSEHOLD)) == wanted
    assert sorted(wanted) == ["email", "email_sha256", "household"]


def test_a_person_who_shares_an_address_keeps_their_rows(made):
    shared = pl.DataFrame({"household_id": [GONE, "2000"], "email": [email(GONE)] * 2})
    made.lake.records("contacts").replace(shared)
    erasure.erase(made, None, request(HOUSEHOLD, GONE), NOW)
    assert made.lake.records("contacts").scan().collect()["household_id"].to_list() == ["2000"]


def test_values_of_a_document_that_is_no_more_are_removed(made):
    for table in (made.lake.value("of_old"), made.lake.ledger("of_old"), made.lake.lifetime("of_old")):
        rows = {"person_id": PEOPLE, table.partition: "2026-11-20", "worth": 1}
        table.append(pl.DataFrame(rows))
    erasure.erase(made, None, request(), NOW)
    assert search(made, None, GONE) == []
    assert sorted(made.lake.value("of_old").scan().collect()["person_id"]) == OTHERS


def test_what_was_found_of_a_visitor_and_what_somebody_left_behind_is_removed(made):
    lake, devices = made.lake, [f"app-{person}" for person in PEOPLE]
    named = [{"namespace": "device", "value": device} for device in devices]
    seen = [{"visitor": device, "event_date": DAY, "as_of": DAY} for device in devices]
    lake.visitor_days("app").append(frame(VISITOR_DAYS, seen).select(VISITOR_DAYS.names()))
    lake.bots_found("app").append(frame(BOTS_FOUND, seen).select(BOTS_FOUND.names()))
    lake.bot_marks.append(frame(BOT_MARKS, named))
    lake.bot_decisions.append(frame(BOT_DECISIONS, named))
    lake.left_behind("abandoned_browse").append(
        frame(LEFT_BEHIND, [{"person_id": person, "as_of": DAY} for person in PEOPLE])
    )
    erasure.erase(made, None, request("device", devices[0]), NOW)
    for table in (lake.visitor_days("app"), lake.bots_found("app")):
        assert sorted(table.scan().collect()["visitor"]) == devices[1:]
    for table in (lake.bot_marks, lake.bot_decisions):
        assert sorted(table.scan().collect()["value"]) == devices[1:]
    erasure.erase(made, None, request(HOUSEHOLD, GONE, "request-2"), NOW)
    assert sorted(lake.left_behind("abandoned_browse").scan().collect()["person_id"]) == OTHERS


def test_tables_that_count_but_name_nobody_are_left_alone(made):
    deciles = made.lake.value_by_decile("customer_value")
    deciles.append(pl.DataFrame({"as_of": [DAY], "decile": [1], "customers": [1001]}))
    certificate = erasure.erase(made, None, request(), NOW)
    assert snapshots(deciles).height == 1
    assert certificate["verification"]["nobody_is_named_in"] == ["records/products"]


def test_a_dry_run_only_counts(made):
    before = sorted((file, file.stat().st_mtime_ns) for file in Path(made.lake.root).rglob("*"))
    counts = erasure.count(made, None, request())
    assert counts["events/transactions"] == 2
    assert counts["records/contacts"] == 1
    assert sorted((file, file.stat().st_mtime_ns) for file in Path(made.lake.root).rglob("*")) == before


def test_somebody_unknown_leaves_a_certificate_and_a_mark(made):
    unknown = request(EMAIL, "nobody@example.com")
    assert erasure.count(made, None, unknown) == {}
    assert erasure.erase(made, None, unknown, NOW)["removed"] == []
    assert erased(made.lake.root).collect().rows() == [
        (EMAIL, unknown.value_sha256, NOW, None),
        ("email_sha256", fingerprint(unknown.value_sha256, "email_sha256"), NOW, None),
    ]


def test_a_request_that_is_made_again_has_the_same_certificate(made):
    first = erasure.erase(made, None, request(), NOW)
    version = made.lake.profiles.version()
    assert erasure.erase(made, None, request(), NOW) == first
    assert made.lake.profiles.version() == version
    again = erasure.erase(made, None, request(name="request-2"), NOW)
    assert again["removed"] == []
    assert again["identities"] == first["identities"]


def test_rows_that_only_the_history_holds_are_removed(made):
    contacts = made.lake.records("contacts")
    contacts.replace(contacts.scan().collect().filter(pl.col("household_id") != GONE))
    assert erasure.count(made, None, request(HOUSEHOLD, GONE))["records/contacts"] == 0
    erasure.erase(made, None, request(HOUSEHOLD, GONE), NOW)
    assert search(made, None, GONE) == []


def test_files_of_a_writer_that_goes_on_are_left_and_said(made):
    table = made.lake.events("transactions")
    files = Path(table.uri).glob("event_date=*/*.parquet")
    written = next(file for file in files if GONE in pl.read_parquet(file)["household_id"])
    young = written.with_name("young.parquet")
    shutil.copy(written, young)
    with pytest.raises(ErasureIncomplete, match="events/transactions: 1 files that are not committed"):
        erasure.erase(made, None, request(), datetime.now(UTC))
    # The rest was erased all the same.
    assert GONE not in made.lake.records("contacts").scan().collect()["household_id"].to_list()
    assert erasure.certificates(made.lake.root).scan().collect().is_empty()
    erasure.erase(made, None, request(), NOW)
    assert not young.exists()
    assert search(made, None, GONE) == []


# A process of its own erases, and kills itself before its n-th change to the lake.
RUN = """
import os, signal, sys
from datetime import datetime
from pathlib import Path

from deltalake import DeltaTable

from perennial.lake import files, storage, tables
from perennial.stages import erasure
from stages.people import workspace

folder, value, now, left = sys.argv[1:]
now, left = datetime.fromisoformat(now), int(left)

def counted(change):
    def wrapped(*args, **kwargs):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return change(*args, **kwargs)
    return wrapped

tables.write_deltalake = counted(tables.write_deltalake)
files.commit, files.write = counted(files.commit), counted(files.write)
DeltaTable.create_checkpoint = counted(DeltaTable.create_checkpoint)
DeltaTable.vacuum = counted(DeltaTable.vacuum)
remove = storage.remove
storage.remove = lambda root, paths: [counted(remove)(root, [path]) for path in paths]
request = erasure.Request("request-1", "email", value, "asked by letter", now)
erasure.erase(workspace(Path(folder)), None, request, now)
print(left)
"""
PLENTY = 100_000


def run(folder: Path, changes: int = PLENTY) -> int:
    """Erase in a process; returns how many changes it made, or -1 if it was killed."""
    arguments = [str(folder), fingerprint(email(GONE), EMAIL), NOW.isoformat(), str(changes)]
    process = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'plugins'}:{REPOSITORY / 'tests'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if process.returncode == -signal.SIGKILL:
        return -1
    assert process.returncode == 0, process.stderr
    return changes - int(process.stdout)


KILLS = int(os.environ.get("PERENNIAL_ERASURE_KILLS", "2"))
"""At so many places, spread evenly over all changes, the process is killed; 111 and more are all of them."""


def test_killed_anywhere_and_run_again_nothing_is_left(made, tmp_path):
    folders = [tmp_path / f"killed-{number}" for number in range(KILLS)]
    undisturbed = tmp_path / "undisturbed"
    for folder in (*folders, undisturbed):
        shutil.copytree(made.lake.root, folder / "lake")
    changes = run(undisturbed)
    certificate = erasure.erase(workspace(undisturbed), None, request(), NOW)
    for number, folder in enumerate(folders):
        survived = 1 + (changes - 1) * number // KILLS
        assert run(folder, survived) == -1
        again = workspace(folder)
        finished = erasure.erase(again, None, request(), NOW)
        assert search(again, None, GONE) == [], f"killed after {survived} of {changes} changes"
        rows = [{each["place"]: each["rows"] for each in done["removed"]} for done in (finished, certificate)]
        assert rows[0] == rows[1]
        kept = again.lake.records("contacts").scan().collect()["household_id"]
        assert sorted(kept) == OTHERS


def test_no_day_is_behind_because_somebody_was_erased(made):
    begin(made, DAILY, [DAY + timedelta(days=3)], note_arrivals(made), NOW)
    complete(made, DAILY, [DAY + timedelta(days=3)], NOW)
    erasure.erase(made, None, request(), NOW)
    assert late(made).rows == 0
    transactions = made.lake.events("transactions")
    transactions.append(transactions.scan().filter(event_date=DAY).head(1).collect())
    assert late(made).rows == 1
