"""The page about destinations: what the last run did, what was refused and why, and who may send it again."""

from datetime import UTC, datetime

import polars as pl
import pytest
from web.airflow_server import AirflowServer

from perennial.activation.ledger import migrate, open_ledger
from perennial.activation.refusals import Part, Search
from perennial.activation.request_log import Answer

BUTTON = "Send 2 rows again"


@pytest.fixture
def refused(airflow: AirflowServer) -> None:
    """A run of the activation `email` of whose three people two were refused, for one reason."""
    url = airflow.environment["AIRFLOW_CONN_PERENNIAL_STORE"]
    migrate(url)
    keys = ["ann@example.com", "bob@example.com", "cat@example.com"]
    rows = pl.DataFrame(
        {"key": keys, "person_id": ["1", "2", "3"], "payload_hash": ["h"] * 3, "audiences": [["top"]] * 3}
    )
    with open_ledger(url, "sendgrid_default", "email") as ledger:
        run = ledger.begin(datetime(2018, 1, 1, tzinfo=UTC))
        (batch,) = ledger.intend_upserts(run, [Part(rows, ["top"], Search())])
        ledger.record([Answer(batch, "done", dict.fromkeys(keys[:2], "no <such> domain"))])
        ledger.finish(run, {"upserted": 1234, "removed": 5, "unchanged": 6, "suppressed": 7})


def test_it_shows_runs_and_what_was_refused_by_reason(admin, refused):
    page = admin.page("/destinations")
    assert "Newsletter audiences in SendGrid" in page
    assert "done as of 1 Jan 2018" in page
    assert "1,234" in page
    assert "no &lt;such&gt; domain" in page
    assert BUTTON in page
    assert "ann@example.com" not in page, "nobody is named"


def test_only_who_may_run_the_dag_is_offered_to_send_again(viewer, editor, refused):
    assert BUTTON in editor.page("/destinations")
    page = viewer.page("/destinations")
    assert BUTTON not in page
    assert "Whoever may trigger the Dag activation_email" in page


def test_a_document_that_cannot_be_read_says_why(admin, airflow):
    broken = airflow.include / "activations" / "broken.yaml"
    broken.write_text("title: Broken\n")
    try:
        page = admin.page("/destinations")
    finally:
        broken.unlink()
    assert "destination: Field required" in page
    assert "Newsletter audiences in SendGrid" in page
