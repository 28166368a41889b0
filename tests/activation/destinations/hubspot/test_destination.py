"""The HubSpot connector's own behaviour, and both sides of it against HubSpot's OpenAPI documents."""

import pytest
from activation.destinations.hubspot.harness import REFRESH, HubSpot, HubSpotHarness
from activation.destinations.scenario import BEST, People, activate, delivered
from activation.destinations.stand_in import SECRET
from openapi_check import require

from perennial.activation.destinations.base import BatchRefusedError, ListGoneError, Row
from perennial.activation.destinations.failures import RefusedError
from perennial.errors import TerminalError

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> HubSpotHarness:
    return HubSpotHarness(HubSpot())


@pytest.fixture
def hubspot(started: HubSpotHarness) -> HubSpotHarness:
    started.clear()
    return started


def test_every_exchange_fits_the_official_documents(hubspot: HubSpotHarness, ledger_url: str) -> None:
    require(*hubspot.documents)
    assert hubspot.openapi is not None
    activate(ledger_url, hubspot.destination(), {**PEOPLE, hubspot.refused_later("dora"): {"in": ["best"]}})
    activate(
        ledger_url, hubspot.destination(), {BOB: {"in": ["best"]}}, 21, titles={"best": "B", "lapsing": "L"}
    )
    answered = {each.split("_")[0] for each in hubspot.openapi.checked if each.endswith((" 200", " 207"))}
    objects, lists = "/crm/objects/2026-09/{objectType}", "/crm/lists/2026-09"
    assert answered >= {
        f"POST post-{objects}/batch/upsert",
        f"POST post-{objects}/batch/read",
        f"POST post-{objects}/search",
        f"POST post-{lists}",
        f"PUT put-{lists}/{{listId}}/update-list-name",
        f"PUT put-{lists}/{{listId}}/memberships/add-and-remove",
    }


def test_a_list_of_conditions_is_left_alone(hubspot: HubSpotHarness) -> None:
    hubspot.stand_in.lists["5"] = {"name": BEST, "objectTypeId": "0-1", "processingType": "DYNAMIC"}
    with pytest.raises(TerminalError, match=f"list '{BEST}' fills itself"):
        hubspot.destination().ensure_list(BEST, None)


def test_a_list_is_found_by_a_name_with_marks_in_it(hubspot: HubSpotHarness) -> None:
    destination = hubspot.destination()
    assert destination.ensure_list("a/b? c&d", None) == destination.ensure_list("a/b? c&d", None) == "10"


def test_a_property_of_another_type_is_terminal(hubspot: HubSpotHarness) -> None:
    hubspot.destination().prepare({"decile": "number", "firstname": "text"})
    assert hubspot.stand_in.properties["decile"] == "number"
    with pytest.raises(TerminalError, match="firstname holds string, and the mapping gives number"):
        hubspot.destination().prepare({"firstname": "number"})


def test_a_row_that_rejects_the_whole_batch_is_found(hubspot: HubSpotHarness, ledger_url: str) -> None:
    hubspot.stand_in.properties |= {"spend_decile": "number", "age": "number"}
    with pytest.raises(TerminalError):
        hubspot.destination().prepare({"spend_decile": "number", "email": "number"})
    people: People = {f"p{number}@example.com": {"in": ["best"], "age": str(number)} for number in range(9)}
    people[ANN] = PEOPLE[ANN]
    activate(ledger_url, hubspot.destination(), people)
    assert delivered(ledger_url).filter(state="rejected")["key"].to_list() == [ANN]
    assert hubspot.members(BEST, people).keys() == people.keys() - {ANN}


def test_what_cannot_be_an_address_is_named_before_anything_is_sent(hubspot: HubSpotHarness) -> None:
    with pytest.raises(BatchRefusedError) as refused:
        hubspot.destination().submit_upserts([Row(ANN, {}), Row("nobody", {})], [])
    assert refused.value.rows == {1: "the address is not valid"}
    assert hubspot.upsert_requests() == 0


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("hs_email_optout", "true", "unsubscribe"),
        ("hs_email_hard_bounce_reason_enum", "UNKNOWN_USER", "bounce"),
        ("hs_email_quarantined", "true", "suppressed"),
    ],
)
def test_everybody_who_must_not_be_sent_is_read_to_the_last_page(
    hubspot: HubSpotHarness, name: str, value: str, kind: str
) -> None:
    keys = [f"p{number}@example.com" for number in range(401)]
    for key in keys:
        hubspot.stand_in.contact(key)["properties"][name] = value
    assert [(each.key, each.kind) for each in hubspot.destination().suppressions()] == [
        (k, kind) for k in keys
    ]


def test_a_list_that_is_gone_is_terminal(hubspot: HubSpotHarness) -> None:
    hubspot.unsubscribe(ANN)
    with pytest.raises(ListGoneError, match=r"404.*delete its row from activation\.list"):
        hubspot.destination().submit_removals("99", [ANN])


def test_with_a_refresh_token_access_tokens_are_fetched_as_they_are_needed(
    hubspot: HubSpotHarness, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubspot, "given", {"login": "app", "refresh_token": REFRESH})
    destination = hubspot.destination()
    assert hubspot.stand_in.granted == 0
    activate(ledger_url, destination, PEOPLE)
    assert hubspot.stand_in.granted == 1
    hubspot.stand_in.tokens = ["taken back"]
    assert destination.check() == "2 contacts"
    assert hubspot.stand_in.granted == 2
    hubspot.clock.sleep(1799)
    destination.check()
    assert hubspot.stand_in.granted == 3


def test_a_refresh_token_that_was_taken_back_is_terminal_and_not_told(
    hubspot: HubSpotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubspot, "given", {"login": "app", "refresh_token": "gone-0815"})
    with pytest.raises(RefusedError, match="gives no token: status 400; check the client's ID") as error:
        hubspot.destination().check()
    assert not {"gone-0815", SECRET} & set(str(error.value).split())
