"""The connector of Salesforce Marketing Cloud: its own behaviour."""

from collections.abc import Iterator

import pytest
import requests
from activation.destinations.salesforce_mc.harness import BusinessUnit, SalesforceHarness
from activation.destinations.scenario import BEST, People, activate

from perennial.activation.destinations.base import (
    BatchRefusedError,
    JobFailedError,
    JobUnknownError,
    ListGoneError,
    Row,
)
from perennial.activation.destinations.failures import RefusedError, UnavailableError
from perennial.activation.destinations.salesforce_mc.extensions import named
from perennial.activation.destinations.salesforce_mc.soap import _parsed
from perennial.errors import TerminalError

ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> SalesforceHarness:
    return SalesforceHarness(BusinessUnit())


@pytest.fixture
def salesforce(started: SalesforceHarness) -> SalesforceHarness:
    started.clear()
    return started


def test_a_token_serves_both_apis_and_is_fetched_anew_before_its_end(salesforce: SalesforceHarness) -> None:
    destination = salesforce.destination()
    destination.submit_upserts([Row(ANN, {})], [destination.ensure_list(BEST, None)])
    assert salesforce.stand_in.tokens == 1
    salesforce.clock.sleep(1020)
    destination.check()
    assert salesforce.stand_in.tokens == 2


def test_columns_have_the_types_of_the_fields_and_are_added_once(
    salesforce: SalesforceHarness, ledger_url: str
) -> None:
    activate(ledger_url, salesforce.destination(), PEOPLE)
    for extension in salesforce.stand_in.extensions.values():
        assert extension["columns"] == {
            "EmailAddress": "EmailAddress",
            "spend_decile": "Decimal",
            "age": "Text",
        }
    destination = salesforce.destination()
    destination.prepare({"Age": "text", "born": "date"})
    (key, *_) = salesforce.stand_in.extensions
    destination.submit_upserts([], [key])
    assert [*salesforce.stand_in.extensions[key]["columns"]][2:] == ["age", "born"]


def test_the_key_of_rows_is_no_field(salesforce: SalesforceHarness) -> None:
    with pytest.raises(TerminalError, match="emailaddress is the key"):
        salesforce.destination().prepare({"emailaddress": "text"})


def test_names_lack_what_is_forbidden_and_stay_within_their_length() -> None:
    assert named("Perennial: 50% of (big) spenders & more") == "Perennial 50 of big spenders more"
    assert len(named("long " * 50)) <= 100


def test_two_names_that_are_one_there_are_refused(salesforce: SalesforceHarness, ledger_url: str) -> None:
    with pytest.raises(TerminalError, match="would share the list"):
        activate(ledger_url, salesforce.destination(), PEOPLE, titles={"best": "A+", "lapsing": "A?"})


def test_a_creation_whose_answer_was_lost_is_found_again(
    salesforce: SalesforceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = salesforce.destination().ensure_list(BEST, None)
    find = salesforce.stand_in._find
    first: Iterator[list[str]] = iter([[]])
    monkeypatch.setattr(salesforce.stand_in, "_find", lambda asked: next(first, None) or find(asked))
    assert salesforce.destination().ensure_list(BEST, None) == key


def test_more_than_a_page_of_subscribers_is_told(salesforce: SalesforceHarness) -> None:
    held = {f"held{number}@example.com": "Held" for number in range(5)}
    salesforce.stand_in.subscribers = {
        "Ann@Example.com": "Unsubscribed",
        BOB: "Bounced",
        CAT: "Active",
        **held,
    }
    told = {each.key: each.kind for each in salesforce.destination().suppressions()}
    assert told == {ANN: "unsubscribe", **dict.fromkeys(held, "bounce")}


def test_who_is_not_in_a_data_extension_can_leave_it(salesforce: SalesforceHarness, ledger_url: str) -> None:
    activate(ledger_url, salesforce.destination(), PEOPLE)
    destination = salesforce.destination()
    key = destination.ensure_list(BEST, None)
    destination.submit_removals(key, [CAT])
    destination.submit_removals(key, [ANN, CAT])
    assert salesforce.members(BEST, PEOPLE).keys() == {BOB}


def test_rows_that_stay_are_an_error(
    salesforce: SalesforceHarness, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate(ledger_url, salesforce.destination(), PEOPLE)
    monkeypatch.setattr(salesforce.stand_in, "_delete", lambda given: "ann@example.com is locked")
    destination = salesforce.destination()
    with pytest.raises(RefusedError, match=r"1 rows are still there: …@… is locked"):
        destination.submit_removals(destination.ensure_list(BEST, None), [ANN])


def test_data_extensions_and_requests_that_are_gone_are_told(salesforce: SalesforceHarness) -> None:
    destination = salesforce.destination()
    with pytest.raises(ListGoneError, match=r"delete its row from activation\.list"):
        destination.submit_removals("gone", [ANN])
    with pytest.raises(ListGoneError):
        destination.submit_upserts([Row(ANN, {})], ["gone"])
    key = destination.ensure_list(BEST, None)
    destination.submit_upserts([Row(ANN, {})], [key])
    salesforce.stand_in.extensions.clear()
    with pytest.raises(ListGoneError, match="Key: "):
        destination.submit_upserts([Row(ANN, {})], [key])
    with pytest.raises(JobUnknownError, match="Unable to locate"):
        destination.finished("request-9")


def test_results_are_read_by_position_and_only_if_there_is_one_for_each_row(
    salesforce: SalesforceHarness, ledger_url: str
) -> None:
    bad = salesforce.refused_later("dora")
    destination = salesforce.destination()
    key = destination.ensure_list(BEST, None)
    job = str(destination.submit_upserts([Row(each, {}) for each in ("z@example.com", bad, ANN)], [key]).job)
    assert [destination.finished(job), destination.finished(job)] == [False, True]
    assert destination.conclude(job, ["z@example.com", bad, ANN]) == {bad: "…@… is bad"}
    salesforce.stand_in.short = True
    with pytest.raises(JobFailedError, match="tells of 1 rows where 3 were sent"):
        destination.conclude(job, ["z@example.com", bad, ANN])


def test_what_is_no_address_is_not_sent(salesforce: SalesforceHarness) -> None:
    with pytest.raises(BatchRefusedError) as refused:
        salesforce.destination().submit_upserts([Row(ANN, {}), Row("x", {})], ["any"])
    assert refused.value.rows.keys() == {1}


def test_faults_pass_or_stay(salesforce: SalesforceHarness) -> None:
    salesforce.stand_in.fails = "s:Server: Busy"
    with pytest.raises(UnavailableError, match="500"):
        salesforce.destination().check()
    salesforce.stand_in.fails = "s:Client: Bad request of ann@example.com"
    with pytest.raises(RefusedError, match=r"Bad request of …@…"):
        salesforce.destination().check()


@pytest.mark.parametrize("end", ["&a9;", "&e;"])
def test_an_answer_that_grows_is_no_answer(end: str) -> None:
    """Entities of entities, and one that names a file."""
    more = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    response = requests.Response()
    response._content = (
        f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{more}<!ENTITY e SYSTEM "file:///etc/passwd">]><x>{end}</x>'
    ).encode()
    assert _parsed(response) is None
