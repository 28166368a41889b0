"""The Iterable connector's own behaviour, and both sides of it against Iterable's specification."""

import re

import pytest
from activation.destinations.iterable.harness import CHANNEL, IterableHarness, Project
from activation.destinations.scenario import BEST, People, activate, delivered
from openapi_check import OpenApi, require

from perennial.activation.destinations.base import ListGoneError, Row
from perennial.errors import TerminalError

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> IterableHarness:
    return IterableHarness(Project())


@pytest.fixture
def iterable(started: IterableHarness) -> IterableHarness:
    started.clear()
    return started


def test_every_exchange_fits_the_official_document(iterable: IterableHarness, ledger_url: str) -> None:
    require(*iterable.documents)
    assert iterable.openapi is not None
    iterable.stand_in.add_list("Never", "Suppression", isGlobalSuppressionEnabled=True)
    activate(ledger_url, iterable.destination(), {**PEOPLE, "nobody": {"in": ["best"]}})
    activate(ledger_url, iterable.destination(), {BOB: {"in": ["best"]}}, 21)
    assert iterable.destination().check() == "channel News"
    assert {each.split()[1] for each in iterable.openapi.checked if each.endswith(" 200")} >= {
        "bulkUpdateUser", "subscribe", "unsubscribe", "getLists", "create", "getUsers", "channels",
        "exportDataJson",
    }  # fmt: skip


def test_the_declared_windows_are_those_of_the_document(iterable: IterableHarness) -> None:
    (document,) = OpenApi(require(*iterable.documents)).documents
    limits = iterable.connector.limits
    for operation, windows in {**limits.operations, "POST /api/users/bulkUpdate": limits.windows}.items():
        method, path = operation.split()
        said = document["paths"][path][method.lower()]["description"]
        found = re.search(r"Rate limit</b>: (\d+) requests/(second|minute)", said)
        assert found
        assert (windows[0].calls, windows[0].seconds) == (
            int(found[1]),
            {"second": 1, "minute": 60}[found[2]],
        )


def test_leaving_a_list_is_not_unsubscribing(iterable: IterableHarness) -> None:
    destination = iterable.destination()
    name = destination.ensure_list(BEST, None)
    destination.submit_upserts([Row(ANN, {})], [name])
    destination.submit_removals(name, [ANN])
    assert iterable.members(BEST, [ANN]) == {}
    assert list(destination.suppressions()) == []


def test_who_is_on_a_global_suppression_list_is_not_sent(iterable: IterableHarness, ledger_url: str) -> None:
    for key, is_global in ((ANN, True), (BOB, False)):
        number = iterable.stand_in.add_list(key, "Suppression", isGlobalSuppressionEnabled=is_global)
        iterable.stand_in.lists[number]["members"].add(key)
    report = activate(ledger_url, iterable.destination(), PEOPLE)
    assert (report.suppressed, report.upserted) == (1, 1)


def test_who_unsubscribed_from_another_channel_is_sent(iterable: IterableHarness) -> None:
    iterable.stand_in.users[ANN] = {"unsubscribedChannelIds": [CHANNEL + 1]}
    assert list(iterable.destination().suppressions()) == []


def test_forgotten_users_are_rejected_with_the_reason(iterable: IterableHarness, ledger_url: str) -> None:
    iterable.stand_in.forgotten.add(ANN)
    activate(ledger_url, iterable.destination(), PEOPLE)
    rejected = delivered(ledger_url).filter(state="rejected")
    assert rejected["key"].to_list() == [ANN]
    assert iterable.members(BEST, PEOPLE).keys() == {BOB}


def test_a_list_that_is_gone_is_terminal(iterable: IterableHarness) -> None:
    with pytest.raises(ListGoneError, match=r"List not found.*delete its row from activation\.list"):
        iterable.destination().submit_removals("999", [ANN])


def test_a_channel_that_is_none_is_told(iterable: IterableHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterable, "given", {"channel_id": "43"})
    with pytest.raises(TerminalError, match="no channel 43"):
        iterable.destination().check()
    monkeypatch.setattr(iterable, "given", {"channel_id": "news"})
    with pytest.raises(TerminalError, match="channel_id: expected a number, found 'news'"):
        iterable.destination()
