"""The SendGrid connector's own behaviour, and both sides of it against SendGrid's OpenAPI documents."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from activation.destinations.scenario import People, activate
from activation.destinations.sendgrid.harness import DOCUMENTS, SendGridHarness, start
from openapi_check import OpenApi, require

from perennial.activation.destinations.base import BatchRefusedError, Row, Submitted
from perennial.activation.destinations.failures import RefusedError
from perennial.activation.destinations.registry import connector
from perennial.errors import TerminalError

ANN, BOB = "ann@example.com", "bob@example.com"
LIMITS = connector("sendgrid").limits


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SendGridHarness]:
    with start(tmp_path_factory.mktemp("esp")) as harness:
        yield harness


@pytest.fixture
def sendgrid(started: SendGridHarness) -> SendGridHarness:
    started.clear()
    return started


def test_every_exchange_fits_the_official_documents(sendgrid: SendGridHarness, ledger_url: str) -> None:
    require(*DOCUMENTS)
    people: People = {ANN: {"in": ["best"], "decile": 1}, BOB: {"in": ["best", "lapsing"]}}
    assert sendgrid.openapi is not None
    activate(ledger_url, sendgrid.destination(), people)
    sendgrid.unsubscribe(ANN)
    activate(
        ledger_url, sendgrid.destination(), {BOB: {"in": ["best"]}}, 21, titles={"best": "B", "lapsing": "L"}
    )
    assert sendgrid.openapi.checked >= {
        "PUT UpdateContact 202",
        "GET GetImportContact 200",
        "POST ListContactByEmail 200",
        "POST CreateMarketingList 201",
        "GET ListMarketingList 200",
        "PATCH UpdateMarketingList 200",
        "DELETE DeleteContact 202",
        "GET ListGlobalSuppression 200",
        "GET ListSuppressionBounces 200",
        "GET ListSpamReport 200",
        "GET ListInvalidEmail 200",
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("PUT", "/v3/marketing/contacts", {"contacts": []}, "request"),
        ("PUT", "/v3/marketing/contacts", {"list_ids": [], "people": []}, "request"),
        ("POST", "/v3/marketing/lists", {"name": ""}, "request"),
        ("GET", "/v3/marketing/lists?colour=red", None, "unknown parameter"),
    ],
)
def test_the_check_finds_what_does_not_fit(
    sendgrid: SendGridHarness, method: str, path: str, body: object, problem: str
) -> None:
    openapi = OpenApi(require(*DOCUMENTS))
    headers = {"Authorization": f"Bearer {sendgrid.esp.api_key}"}
    response = requests.request(method, sendgrid.esp.url + path, json=body, headers=headers, timeout=5)
    with pytest.raises(AssertionError, match=problem):
        openapi.check(response)


def test_a_wrong_key_is_terminal_and_says_what_to_do(sendgrid: SendGridHarness) -> None:
    destination = sendgrid.destination(secret="SG.wrong")
    with pytest.raises(TerminalError, match="status 401: authorization required; check the API key"):
        destination.prepare({"decile": "number"})


def test_bad_rows_are_named_before_anything_is_sent(sendgrid: SendGridHarness) -> None:
    rows = [Row(ANN, {}), Row("nobody", {}), Row(BOB, {"first_name": "B" * 51})]
    with pytest.raises(BatchRefusedError) as refused:
        sendgrid.destination().submit_upserts(rows, [])
    assert refused.value.rows == {1: "the address is not valid", 2: "first_name is longer than 50 characters"}
    assert sendgrid.upsert_requests() == 0


def test_rows_that_the_provider_refuses_are_named(sendgrid: SendGridHarness) -> None:
    destination = sendgrid.destination()
    destination.prepare({"decile": "number"})
    rows = [Row(ANN, {"decile": "1"}), Row(BOB, {"decile": "first"})]
    with pytest.raises(BatchRefusedError, match="not a number") as refused:
        destination.submit_upserts(rows, [])
    assert list(refused.value.rows) == [1]


def test_a_list_deleted_at_the_provider_is_terminal(sendgrid: SendGridHarness) -> None:
    with pytest.raises(TerminalError, match=r"delete its row from activation\.list"):
        sendgrid.destination().submit_upserts([Row(ANN, {})], ["5f0b2f3e-0000-0000-0000-000000000000"])


def test_a_field_of_another_type_is_terminal(sendgrid: SendGridHarness) -> None:
    sendgrid.destination().prepare({"decile": "text"})
    with pytest.raises(TerminalError, match="decile holds Text, and the mapping gives Number"):
        sendgrid.destination().prepare({"decile": "number"})


def test_removing_people_who_are_not_there_is_no_error(sendgrid: SendGridHarness) -> None:
    destination = sendgrid.destination()
    list_id = destination.ensure_list("Perennial: Best", None)
    assert destination.submit_removals(list_id, [ANN, "nobody"]) == Submitted()
    assert destination.submit_removals(list_id, ["nobody"]) == Submitted()


def test_a_list_is_found_among_many(sendgrid: SendGridHarness) -> None:
    destination = sendgrid.destination()
    ids = {name: destination.ensure_list(name, None) for name in ("one & two", "one + two", "three")}
    assert ids == {name: sendgrid.destination().ensure_list(name, None) for name in ids}


def test_a_full_request_stays_within_the_providers_size(sendgrid: SendGridHarness) -> None:
    destination = sendgrid.destination()
    destination.prepare({"decile": "number", "age": "text"})
    rows = [Row(f"household.{n}@example.com", {"decile": "3", "age": "25-34"}) for n in range(LIMITS.rows)]
    assert destination.submit_upserts(rows, []).job is not None
    with pytest.raises(RefusedError, match="status 400: contacts: contacts should be at most 30000"):
        sendgrid.client().call(
            "PUT", "/marketing/contacts", {"contacts": [{"email": ANN}] * (LIMITS.rows + 1)}
        )


def test_suppressions_are_read_to_the_last_page(sendgrid: SendGridHarness) -> None:
    emails = [f"p{n}@example.com" for n in range(1001)]
    sendgrid.esp.call("POST", "/v3/asm/suppressions/global", json={"recipient_emails": emails})
    assert sorted(each.key for each in sendgrid.destination().suppressions()) == sorted(emails)


def test_the_declared_limits_are_the_documented_ones() -> None:
    document = json.loads(Path(require("tsg_mc_contacts_v3.json")[0]).read_text())
    schema = document["paths"]["/v3/marketing/contacts"]["put"]["requestBody"]["content"]["application/json"]
    assert LIMITS.rows == schema["schema"]["properties"]["contacts"]["maxItems"]
    assert LIMITS.bytes <= 6_000_000
