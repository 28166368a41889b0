"""A ledger of a store of the module's own, empty for each test."""

from collections.abc import Iterator

import psycopg
import pytest

from perennial.campaigns.ledger import Ledger, migrate, open_ledger

TABLES = ("message", "event", "suppression", "position")


@pytest.fixture
def campaigns_url(store_url: str) -> str:
    migrate(store_url)
    with psycopg.connect(store_url) as connection:
        for table in TABLES:
            connection.execute(f"TRUNCATE campaigns.{table} CASCADE")
    return store_url


@pytest.fixture
def ledger(campaigns_url: str) -> Iterator[Ledger]:
    with open_ledger(campaigns_url, "thanks") as opened:
        yield opened
