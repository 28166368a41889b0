"""The page of requests: what was done is told to those who may ask for it, and files can be fetched."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from web.airflow_server import AirflowServer
from web.callers import Caller

from perennial.lake.catalog import Lake
from perennial.settings import REPOSITORY, Settings
from perennial.signals.erased import fingerprint
from perennial.stages import privacy
from perennial.stages.access import package
from perennial.stages.erasure import Request
from perennial.stages.workspace import Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.store]
RUN = "manual__2026-11-24T12:00:00+00:00"


@pytest.fixture
def asked(airflow: AirflowServer, lake: Lake) -> str:
    """An access request was answered, and another one's file has expired; returns the store's URL."""
    now, url = datetime.now(UTC), airflow.owner_url
    made = Workspace(Settings(REPOSITORY / "include", lake.root, lake.root, REPOSITORY / "none"))
    found = package(made, url, Request(RUN, "household", fingerprint("7", "household"), "letter", now), now)
    privacy.keep(url, RUN, found.content, found.prints, now + timedelta(days=7), now)
    removed = {"records/contacts": 1, "events/transactions": 41}
    privacy.note(url, now, "retention", "scheduled__1", None, {"would_be_removed": {}})
    privacy.note(url, now, "erasure", "manual__0", "maria", {"removed": removed}, "request 17")
    privacy.note(url, now, "access", "gone", "maria", {"rows": {}}, "request 18")
    privacy.note(url, now, "access", RUN, "ursel", {"rows": dict(found.rows)}, "request 19")
    return url


def test_the_trail_is_told_and_a_file_can_be_fetched_which_is_told_too(asked: str, editor: Caller) -> None:
    page = editor.page("/people/requests")
    for said in ("request 17", "42 removed", "the schedule", "expired", "ursel"):
        assert said in page
    assert ">Fetch<" in page
    answer = editor.get("/people/requests/file", name=RUN)
    assert answer.headers["content-type"] == "application/zip"
    assert "no-store" in answer.headers["cache-control"]
    with ZipFile(BytesIO(answer.content)) as archive:
        assert "lake/records/contacts.json" in archive.namelist()
    assert "File fetched" in editor.page("/people/requests")
    assert privacy.trail(asked, datetime.now(UTC))[0].asked_by == "ursel"
    assert editor.get("/people/requests/file", name="gone").status_code == 404


def test_it_is_for_those_who_may_ask(asked: str, viewer: Caller) -> None:
    assert viewer.get("/people/requests").status_code == 403
    assert viewer.get("/people/requests/file", name=RUN).status_code == 403
