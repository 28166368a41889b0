"""The ledger: one holder at a time, out of the dashboards' sight, and able to be created again and again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import psycopg
import pytest

from perennial.activation.destinations.base import Suppression
from perennial.activation.ledger import Ledger, LedgerBusyError, migrate, open_ledger
from perennial.activation.refusals import Part, Removal, Search
from perennial.activation.request_log import Answer


def test_creating_the_schema_can_be_repeated_and_raced(store_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [store_url] * 8))
    with open_ledger(store_url, "a", "b") as ledger:
        assert ledger.rows().is_empty()


def test_an_activation_has_one_run_at_a_time(store_url: str) -> None:
    migrate(store_url)
    with open_ledger(store_url, "sendgrid_default", "email"):
        with open_ledger(store_url, "sendgrid_eu", "email", patience=0.2) as other:
            assert other.last_as_of() is None
        with (
            pytest.raises(LedgerBusyError, match="another run of email to sendgrid_default"),
            open_ledger(store_url, "sendgrid_default", "email", patience=0.2),
        ):
            raise AssertionError("two holders")
    with open_ledger(store_url, "sendgrid_default", "email", patience=0.2):
        pass


def test_days_of_other_activations_do_not_count(store_url: str) -> None:
    migrate(store_url)
    with open_ledger(store_url, "one", "email") as ledger:
        for number in (21, 20):
            ledger.begin(datetime(2017, 12, number, tzinfo=UTC))
        assert ledger.last_as_of() == datetime(2017, 12, 21, tzinfo=UTC)
    with open_ledger(store_url, "two", "email") as ledger:
        assert ledger.last_as_of() is None


def test_suppressions_follow_the_provider(store_url: str) -> None:
    migrate(store_url)
    ann, bob = Suppression("ann@example.com", "bounce"), Suppression("bob@example.com", "unsubscribe")

    def known() -> list[tuple[str, str]]:
        with psycopg.connect(store_url) as connection:
            query = "SELECT key, kind FROM activation.suppression WHERE destination = 'three' ORDER BY key"
            return connection.execute(query).fetchall()

    with open_ledger(store_url, "three", "email") as ledger:
        ledger.replace_suppressions([ann, ann, bob])
        assert known() == [("ann@example.com", "bounce"), ("bob@example.com", "unsubscribe")]
        ledger.replace_suppressions([bob])
        assert known() == [("bob@example.com", "unsubscribe")]


def test_the_dashboards_reader_cannot_see_addresses(store_url: str, store_reader_url: str) -> None:
    migrate(store_url)
    with psycopg.connect(store_reader_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM activation.delivery")


def _states(ledger: Ledger) -> dict[str, tuple[str, str]]:
    return {key: (state, hashed) for _, key, hashed, state in ledger.rows().iter_rows()}


def test_requests_are_recorded_many_at_a_time_and_answered_in_any_order(store_url: str) -> None:
    migrate(store_url)
    with open_ledger(store_url, "many", "email") as ledger:
        run = ledger.begin(datetime(2017, 12, 20, tzinfo=UTC))
        parts = [_part(name) for name in "abc"]
        ids = ledger.intend_upserts(run, parts)
        assert [each.batch_id for each in ledger.open_batches()] == ids == sorted(ids)
        ledger.record([Answer(ids[2], "done"), Answer(ids[0], "submitted", job="job 1")])
        assert _states(ledger) == {"a": ("sending", "h"), "b": ("sending", "h"), "c": ("delivered", "h")}
        assert [(each.batch_id, each.job) for each in ledger.open_batches()] == [
            (ids[0], "job 1"),
            (ids[1], None),
        ]
        ledger.record([Answer(ids[0], "done", {"a": "is not liked"}), Answer(ids[1], "abandoned")])
        assert _states(ledger) == {"a": ("rejected", "h"), "b": ("sending", "h"), "c": ("delivered", "h")}
        (leaving,) = ledger.intend_removals(run, [Removal("best", "1", ["c"])])
        assert _states(ledger)["c"] == ("removing", "h")
        ledger.record([Answer(leaving, "done")])
        assert _states(ledger)["c"] == ("removed", "h")


def test_what_was_rejected_is_reopened_once_a_request(store_url: str) -> None:
    migrate(store_url)
    with open_ledger(store_url, "again", "email") as ledger:
        run = ledger.begin(datetime(2017, 12, 20, tzinfo=UTC))
        ids = ledger.intend_upserts(run, [_part("a"), _part("b")])
        answers = [Answer(ids[0], "done", {"a": "is not liked"}), Answer(ids[1], "done")]
        ledger.record(answers)
        ledger.reopen(run, "rejected", "run 1")
        assert _states(ledger) == {"a": ("rejected", ""), "b": ("delivered", "h")}
        ledger.record(
            [replace(answers[0], batch_id=each) for each in ledger.intend_upserts(run, [_part("a")])]
        )
        ledger.reopen(run, "all", "run 1")
        assert _states(ledger) == {"a": ("rejected", "h"), "b": ("delivered", "h")}, "this run asked already"
        ledger.reopen(run, "all", "run 2")
        assert _states(ledger) == {"a": ("rejected", ""), "b": ("delivered", "")}


def _part(key: str) -> Part:
    rows = pl.DataFrame({"key": [key], "person_id": [key], "payload_hash": ["h"], "audiences": [["best"]]})
    return Part(rows, ["1"], Search())
