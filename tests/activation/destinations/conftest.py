"""Every test of the contract runs against every provider, each with an empty ledger and an empty provider."""

from collections.abc import Iterator

import psycopg
import pytest
from activation.destinations.harness import Harness, start

from perennial.activation import jobs
from perennial.activation.destinations.registry import kinds


@pytest.fixture(scope="module", params=kinds())
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """A provider for a module's tests."""
    with start(request.param, tmp_path_factory.mktemp(request.param)) as started:
        yield started


@pytest.fixture
def harness(provider: Harness) -> Harness:
    """A provider with nothing in it."""
    provider.clear()
    return provider


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins are quick."""
    monkeypatch.setattr(jobs, "FIRST_POLL", 0.01)


@pytest.fixture
def ledger_url(store_url: str) -> str:
    """A store whose ledger is empty."""
    with psycopg.connect(store_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    return store_url
