"""The Braze connector's own behaviour, and its requests against the document made of Braze's collection."""

from datetime import date

import pytest
from activation.destinations.braze.harness import AUDIENCES, Braze, BrazeHarness
from activation.destinations.scenario import BEST, LAPSING, People, activate, delivered
from openapi_check import require

from perennial.activation.destinations.base import Row
from perennial.activation.destinations.failures import UnavailableError

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> BrazeHarness:
    return BrazeHarness(Braze())


@pytest.fixture
def braze(started: BrazeHarness) -> BrazeHarness:
    started.clear()
    return started


def test_every_exchange_fits_the_document(braze: BrazeHarness, ledger_url: str) -> None:
    require(*braze.documents)
    assert braze.openapi is not None
    activate(ledger_url, braze.destination(), {**PEOPLE, "nobody": {"in": ["best"]}})
    assert len({each for each in braze.openapi.checked if each.endswith((" 200", " 201"))}) == 3


def test_membership_is_an_attribute_beside_those_of_others(braze: BrazeHarness, ledger_url: str) -> None:
    braze.stand_in.users[BOB] = {AUDIENCES: ["By hand"], "favourite": "tea"}
    activate(ledger_url, braze.destination(), PEOPLE)
    assert braze.stand_in.users[BOB][AUDIENCES] == ["By hand", BEST, LAPSING]
    activate(ledger_url, braze.destination(), {}, 21)
    assert braze.stand_in.users[BOB] == {AUDIENCES: ["By hand"], "favourite": "tea", "spend_decile": 0}


def test_who_leaves_and_is_not_there_is_not_made(braze: BrazeHarness) -> None:
    braze.destination().submit_removals(BEST, [ANN])
    assert braze.stand_in.users == {}


def test_bad_rows_are_named_by_the_answer_and_the_others_are_taken(
    braze: BrazeHarness, ledger_url: str
) -> None:
    submitted = braze.destination().submit_upserts([Row("nobody", {}), Row(ANN, {})], [BEST])
    assert submitted.rejected == {"nobody": "'nobody' is not a valid email"}
    assert braze.members(BEST, [ANN]).keys() == {ANN}


def test_large_audiences_go_in_requests_of_75(braze: BrazeHarness, ledger_url: str) -> None:
    people: People = {f"p{number}@example.com": {"in": ["best"]} for number in range(151)}
    activate(ledger_url, braze.destination(), people)
    assert braze.upsert_requests() == 3
    assert set(delivered(ledger_url)["state"]) == {"delivered"}


@pytest.mark.parametrize("kind", ["unsubscribed", "bounced"])
def test_everybody_who_opted_out_or_bounced_is_read_to_the_last_page(braze: BrazeHarness, kind: str) -> None:
    keys = [f"p{number}@example.com" for number in range(501)]
    setattr(braze.stand_in, kind, keys)
    assert [each.key for each in braze.destination().suppressions()] == keys


@pytest.mark.parametrize("header", ["X-Ratelimit-Retry-After", "Retry-After"])
def test_a_rate_limit_says_in_its_own_header_how_long_it_lasts(braze: BrazeHarness, header: str) -> None:
    braze.fault(status=429, headers={header: "40"})
    with pytest.raises(UnavailableError) as error:
        braze.destination().submit_upserts([Row(ANN, {})], [BEST])
    assert error.value.retry_after == 40


def test_a_rate_limit_ends_at_its_reset(braze: BrazeHarness) -> None:
    end = date(2095, 1, 1).toordinal() * 86400 - date(1970, 1, 1).toordinal() * 86400
    braze.fault(status=429, headers={"X-RateLimit-Reset": str(end)})
    with pytest.raises(UnavailableError) as error:
        braze.destination().submit_upserts([Row(ANN, {})], [BEST])
    assert (error.value.retry_after or 0) > 1e9
