"""The Customer.io connector's own behaviour, and its Track API against the official document."""

import pytest
from activation.destinations.customer_io.harness import CustomerIo, CustomerIoHarness
from activation.destinations.scenario import BEST, People, activate
from openapi_check import require

from perennial.activation.destinations.base import ListGoneError, Row
from perennial.errors import TerminalError

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> CustomerIoHarness:
    return CustomerIoHarness(CustomerIo())


@pytest.fixture
def customer_io(started: CustomerIoHarness) -> CustomerIoHarness:
    started.clear()
    return started


def test_every_exchange_with_the_track_api_fits_the_official_document(
    customer_io: CustomerIoHarness, ledger_url: str
) -> None:
    require(*customer_io.documents)
    assert customer_io.openapi is not None
    activate(ledger_url, customer_io.destination(), {**PEOPLE, "nobody": {"in": ["best"]}})
    activate(ledger_url, customer_io.destination(), {BOB: {"in": ["best"]}}, 21)
    customer_io.destination().check()
    assert customer_io.openapi.checked >= {
        "POST batch 200",
        "POST batch 207",
        "POST add_to_segment 200",
        "POST remove_from_segment 200",
        "GET getRegion 200",
    }


def test_numbers_are_numbers_and_missing_values_take_attributes_away(customer_io: CustomerIoHarness) -> None:
    destination = customer_io.destination()
    destination.prepare({"decile": "number", "age": "text", "since": "date"})
    destination.submit_upserts([Row(ANN, {"decile": "3", "age": "25-34", "since": "2017-12-31"})], [])
    assert customer_io.stand_in.people[ANN] == {"decile": 3, "age": "25-34", "since": "2017-12-31"}
    destination.submit_upserts([Row(ANN, {"decile": None, "age": None, "since": None})], [])
    assert customer_io.stand_in.people[ANN] == {}


def test_bad_rows_are_named_by_the_answer_and_the_others_are_taken(customer_io: CustomerIoHarness) -> None:
    destination = customer_io.destination()
    segment = destination.ensure_list(BEST, None)
    submitted = destination.submit_upserts([Row("nobody", {}), Row(ANN, {})], [segment])
    assert submitted.rejected == {"nobody": "email: nobody is no valid address"}
    assert customer_io.members(BEST, [ANN, "nobody"]).keys() == {ANN}


def test_a_segment_with_conditions_of_the_same_name_is_left_alone(customer_io: CustomerIoHarness) -> None:
    assert customer_io.destination().ensure_list(BEST, None) == "10"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("bounces", "bounce"), ("spam_reports", "spam_report"), ("invalid_emails", "invalid_email")],
)
def test_whom_the_mail_server_suppressed_is_read_to_the_last_page(
    customer_io: CustomerIoHarness, path: str, kind: str
) -> None:
    keys = [f"p{number}@example.com" for number in range(1001)]
    customer_io.stand_in.suppressed[path] = keys
    told = [(each.key, each.kind) for each in customer_io.destination().suppressions()]
    assert told == [(key, kind) for key in keys]


def test_everybody_who_is_unsubscribed_is_read_to_the_last_page(customer_io: CustomerIoHarness) -> None:
    keys = {f"p{number}@example.com" for number in range(1001)}
    for key in keys:
        customer_io.unsubscribe(key)
    assert {each.key for each in customer_io.destination().suppressions()} == keys


def test_with_a_mail_server_of_ones_own_it_is_not_asked_for_bounces(
    customer_io: CustomerIoHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_io.stand_in.suppressed["bounces"] = [ANN]
    monkeypatch.setattr(customer_io, "given", {**customer_io.given, "own_mail_server": "yes"})
    assert list(customer_io.destination().suppressions()) == []


def test_a_segment_that_is_gone_is_terminal(customer_io: CustomerIoHarness) -> None:
    with pytest.raises(ListGoneError, match=r"404.*delete its row from activation\.list"):
        customer_io.destination().submit_removals("99", [ANN])


def test_a_workspace_of_another_region_is_told(
    customer_io: CustomerIoHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert customer_io.destination().check() == "workspace 4711"
    home = {"url": "https://track-eu.customer.io", "region": "eu", "environment_id": 1}
    monkeypatch.setattr(customer_io.stand_in, "region", lambda body, query: home)
    with pytest.raises(TerminalError, match=r"workspace is at https://track-eu\.customer\.io"):
        customer_io.destination().check()
