"""Destinations are activations; which audience was there when, is told by documents and the ledger."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from perennial.activation import ledger
from perennial.activation.definition import Activation
from perennial.activation.destinations.registry import platforms
from perennial.activation.flows import EVER, FinishedRun, frames, runs
from perennial.activation.run import Report
from perennial.settings import REPOSITORY

FIRST = date(2026, 3, 1)
THREE = datetime(2026, 3, 2, 3, tzinfo=UTC)


def document(*audiences: str, name: str = "mail") -> Activation:
    said = {"kind": "sendgrid", "connection": "sendgrid_default"}
    return Activation.model_validate(
        {"name": name, "title": "Mail", "destination": said, "audiences": list(audiences)}
    )


def ran(day: int, *audiences: str, name: str = "mail") -> FinishedRun:
    """A run about a day of March."""
    return FinishedRun(name, date(2026, 3, day), THREE + timedelta(days=day - 1), frozenset(audiences))


def spells(activation: Activation | None, *finished: FinishedRun) -> list[tuple]:
    given = {} if activation is None else {activation.name: activation}
    found = frames(given, finished)["activated_audiences"]
    return [(audience, start, end) for _, audience, start, end, _ in found.iter_rows()]


def test_an_audience_is_there_from_the_first_run_that_sent_it():
    assert spells(document("a"), ran(1, "a"), ran(2, "a")) == [("a", FIRST, EVER)]


def test_what_was_not_sent_yet_has_no_start():
    assert spells(document("a", "b"), ran(1, "a")) == [("a", FIRST, EVER), ("b", EVER, EVER)]


def test_an_audience_that_was_taken_off_ended_the_day_before_the_run_that_took_it_off():
    assert spells(document("a"), ran(1, "a", "b"), ran(5, "a")) == [
        ("a", FIRST, EVER),
        ("b", FIRST, date(2026, 3, 4)),
    ]


def test_one_that_came_back_was_there_twice():
    found = spells(document("a", "b"), ran(1, "a", "b"), ran(2, "b"), ran(4, "a", "b"))
    assert found == [("a", FIRST, FIRST), ("a", date(2026, 3, 4), EVER), ("b", FIRST, EVER)]


def test_taken_off_the_document_it_goes_on_until_the_next_run():
    assert spells(document("b"), ran(1, "a", "b")) == [("a", FIRST, EVER), ("b", FIRST, EVER)]


def test_one_that_was_taken_off_and_put_back_waits_for_the_next_run():
    assert spells(document("a"), ran(1, "a"), ran(2)) == [("a", FIRST, FIRST), ("a", EVER, EVER)]


def test_an_activation_whose_document_is_gone_is_disabled_and_ended_with_its_last_run():
    found = frames({"mail": document("a")}, [ran(1, "a"), ran(2, "b", name="old"), ran(3, "b", name="old")])
    assert found["destinations"].rows() == [
        ("mail", "Mail", "sendgrid", "enabled", THREE),
        ("old", "old", None, "disabled", THREE + timedelta(days=1)),
    ]
    assert ("old", "b", date(2026, 3, 2), date(2026, 3, 3), THREE + timedelta(days=1)) in found[
        "activated_audiences"
    ].rows()


def test_nothing_at_all_has_the_same_columns():
    assert [frame.height for frame in frames({}, []).values()] == [len(platforms()), 0, 0]


def test_every_folder_of_a_destination_has_a_title():
    folder = REPOSITORY / "plugins/perennial/activation/destinations"
    connectors = [path.parent.name for path in folder.glob("*/connector.yaml")]
    assert sorted(platforms()) == sorted([*connectors, "files"])
    assert all(title.strip() for title in platforms().values())


@pytest.mark.store
def test_the_ledger_tells_which_audiences_each_finished_run_had(store_url: str):
    with psycopg.connect(store_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    assert runs(store_url) == []
    ledger.migrate(store_url)
    with ledger.open_ledger(store_url, "esp", "mail") as opened:
        for day, audiences in ((2, ["a", "b"]), (3, ["a"])):
            as_of = datetime(2026, 3, day, tzinfo=UTC)
            report = Report("mail", "esp", as_of.isoformat(), without_key=dict.fromkeys(audiences, 0))
            opened.finish(opened.begin(as_of), report.as_dict())
        opened.begin(datetime(2026, 3, 4, tzinfo=UTC))
    found = runs(store_url)
    assert [(run.activation, run.day, run.audiences) for run in found] == [
        ("mail", FIRST, frozenset("ab")),
        ("mail", date(2026, 3, 2), frozenset("a")),
    ]
    assert all(run.started_at.tzinfo is not None for run in found)
