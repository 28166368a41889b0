"""Under pressure the collector asks to come again, and says when: it never loses, and never lies."""

import resource
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from perennial.collector.app import create_app
from perennial.collector.limits import Limits
from perennial.collector.pressure import Budget
from perennial.collector.refusals import Refused
from perennial.errors import TerminalError

from .place import GOOD, Place

URL = "/collection/orders"


def test_a_full_disk_is_answered_with_503(place: Place) -> None:
    with TestClient(create_app(place.settings(Limits(free_bytes=1 << 60)))) as client:
        response = client.post(URL, content=GOOD, headers=place.headers())
        assert (response.status_code, response.headers["retry-after"]) == (503, "30")
        assert "nearly full" in response.json()["detail"]
        assert client.post("/batches", json={"dataset": "stock"}, headers=place.headers()).status_code == 503
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
    assert place.kept() == []


def test_too_much_that_waits_is_answered_with_503(place: Place) -> None:
    with TestClient(create_app(place.settings(Limits(waiting_bytes=50)))) as client:
        for _ in range(3):
            response = client.post(URL, content=GOOD, headers=place.headers())
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert client.post(URL, content=b"{}", headers=place.headers()).status_code == 202
    assert [record.body for record in place.kept()] == [b"{}"]


def test_a_log_that_takes_nothing_is_answered_with_503(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with TestClient(create_app(place.settings())) as client:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            response = client.post(URL, content=GOOD, headers=place.headers())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert client.post(URL, content=b"{}", headers=place.headers()).status_code == 202
    # What failed was not acknowledged, and may be there all the same: its sender sends it again.
    assert [record.body for record in place.kept()][-1] == b"{}"


def test_a_budget_counts_in_and_out() -> None:
    budget = Budget(10)
    budget.take(10)
    with pytest.raises(Refused, match="10 bytes are waiting"):
        budget.take(1)
    budget.give(4)
    budget.take(4)
    assert budget.used == 10


def test_limits_come_from_the_environment(tmp_path: Path) -> None:
    assert Limits.from_env({"PERENNIAL_COLLECTOR_MESSAGE_BYTES": "5"}) == Limits(message_bytes=5)
    for wrong in ("0", "-1", "1MB"):
        with pytest.raises(TerminalError, match="PERENNIAL_COLLECTOR_BATCH_BYTES must be"):
            Limits.from_env({"PERENNIAL_COLLECTOR_BATCH_BYTES": wrong})
