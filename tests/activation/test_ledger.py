"""The ledger: one holder at a time, out of the dashboards' sight, and able to be created again and again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from perennial.activation.destinations.base import Suppression
from perennial.activation.ledger import LedgerBusyError, migrate, open_ledger


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
