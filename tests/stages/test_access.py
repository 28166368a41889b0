"""Whoever asks gets all that is kept of them, and nothing of anybody else; it can be fetched for a while."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from perennial.identity.values import EMAIL
from perennial.signals.erased import fingerprint
from perennial.stages import erasure, privacy
from perennial.stages.access import Package, package
from perennial.stages.erasure import Request
from perennial.stages.workspace import Workspace

from .people import PEOPLE, email, fill, fill_store, workspace

pytestmark = pytest.mark.store
NOW = datetime.now(UTC)
WEEK = timedelta(days=7)
ASKED, *OTHERS = PEOPLE


def request(value: str = email(ASKED), name: str = "manual__1") -> Request:
    return Request(name, EMAIL, fingerprint(value, EMAIL), "letter of 24 November", NOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Workspace:
    folder: Path = tmp_path_factory.mktemp("people")
    made = workspace(folder)
    fill(made.lake)
    fill_store(store_url)
    return made


@pytest.fixture(scope="module")
def handed(made: Workspace, store_url: str) -> Package:
    return package(made, store_url, request(), NOW)


def files(content: bytes) -> dict[str, str]:
    with ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_as_many_rows_as_an_erasure_would_remove(made, handed, store_url):
    removed = erasure.count(made, store_url, request())
    named = {name.removeprefix("lake/").replace("store/", "store: "): n for name, n in handed.rows.items()}
    assert named == {name: rows for name, rows in removed.items() if rows}
    assert len(named) > 20
    inside = files(handed.content)
    assert json.loads(inside["summary.json"])["rows"] == handed.rows
    for name, rows in handed.rows.items():
        assert len(json.loads(inside[f"{name}.json"])) == rows, name


def test_it_names_nobody_else(handed):
    text = "\n".join(files(handed.content).values())
    assert email(ASKED) in text.lower()
    for person in OTHERS:
        assert email(person) not in text.lower()
        assert f'"{person}"' not in text


def test_of_somebody_unknown_there_is_nothing(made, store_url):
    found = package(made, store_url, request("nobody@example.com"), NOW)
    assert found.rows == {}
    assert sorted(files(found.content)) == ["about.txt", "summary.json"]


def test_a_file_is_there_until_it_expires_or_the_person_is_erased(handed, store_url):
    privacy.keep(store_url, "one", handed.content, handed.prints, NOW + WEEK, NOW)
    assert privacy.fetch(store_url, "one", NOW) == handed.content
    assert privacy.fetch(store_url, "one", NOW + WEEK) is None
    assert privacy.forget(store_url, NOW + WEEK) == 1
    privacy.keep(store_url, "two", handed.content, handed.prints, NOW + WEEK, NOW)
    privacy.keep(store_url, "three", b"x", {"of somebody else"}, NOW + WEEK, NOW)
    assert privacy.withdraw(store_url, {fingerprint(email(ASKED), EMAIL)}) == 1
    assert privacy.fetch(store_url, "two", NOW) is None
    assert privacy.fetch(store_url, "three", NOW) == b"x"


def test_the_trail_tells_what_was_done_and_which_file_can_be_fetched(handed, store_url):
    privacy.keep(store_url, "r1", handed.content, handed.prints, NOW + WEEK, NOW)
    privacy.note(store_url, NOW, "access", "r1", "ursel", {"rows": dict(handed.rows)}, "by letter")
    privacy.note(store_url, NOW, "retention", "r2", None, {"removed": {}})
    last, first = privacy.trail(store_url, NOW)[:2]
    assert (first.kind, first.asked_by, first.reason, first.available) == (
        "access",
        "ursel",
        "by letter",
        True,
    )
    assert first.what["rows"]["lake/events/transactions"] == 2
    assert (last.kind, last.asked_by, last.available) == ("retention", None, False)
    assert not privacy.trail(store_url, NOW + WEEK)[1].available
