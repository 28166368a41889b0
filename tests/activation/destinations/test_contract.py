"""What every destination must do, whichever provider is behind it."""

import traceback
from contextlib import suppress
from hashlib import md5, sha256
from random import Random
from typing import Any

import polars as pl
import pytest
from activation.destinations.harness import Harness
from activation.destinations.scenario import ACTIVATION, BEST, LAPSING, TITLES, People, activate, delivered
from activation.destinations.stand_in import SECRET

from perennial.activation.definition import Activation
from perennial.activation.destinations.base import Row
from perennial.activation.jobs import JobsPendingError
from perennial.errors import PerennialError, TerminalError, TransientError

ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"
PEOPLE: People = {
    ANN: {"in": ["best"], "decile": 1, "age": "25-34"},
    BOB: {"in": ["best", "lapsing"], "decile": 2},
    CAT: {"in": ["lapsing"]},
}
WAIT = {"Retry-After": "60"}
"""Longer than a run waits by itself."""


def test_an_empty_audience_creates_lists_and_sends_nobody(harness: Harness, ledger_url: str) -> None:
    report = activate(ledger_url, harness.destination(), {})
    assert report.upserted == report.removed == 0
    assert harness.list_names() == (
        {BEST, LAPSING} if harness.connector.declaration.capabilities.lists else set()
    )
    assert harness.upsert_requests() == 0


def test_the_first_run_sends_everyone_with_their_fields(harness: Harness, ledger_url: str) -> None:
    report = activate(ledger_url, harness.destination(), PEOPLE)
    assert report.upserted == 3
    assert harness.members(BEST, PEOPLE) == {
        ANN: {"spend_decile": "1", "age": "25-34"},
        BOB: {"spend_decile": "2"},
    }
    assert harness.members(LAPSING, PEOPLE) == {BOB: {"spend_decile": "2"}, CAT: {"spend_decile": "0"}}
    assert set(delivered(ledger_url)["state"]) == {"delivered"}


def test_an_unchanged_audience_costs_no_upsert(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    before = harness.upsert_requests()
    report = activate(ledger_url, harness.destination(), PEOPLE, 21)
    assert harness.upsert_requests() == before
    assert (report.upserted, report.removed, report.unchanged) == (0, 0, 4)


def test_someone_who_comes_is_sent_alone(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), {ANN: PEOPLE[ANN]})
    report = activate(ledger_url, harness.destination(), PEOPLE, 21)
    assert (report.upserted, report.unchanged) == (2, 1)
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}


def test_someone_who_leaves_is_taken_off_the_list(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    report = activate(ledger_url, harness.destination(), {**PEOPLE, BOB: {"in": ["best"], "decile": 2}}, 21)
    assert (report.upserted, report.removed) == (0, 1)
    assert harness.members(LAPSING, PEOPLE).keys() == {CAT}
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}


def test_someone_who_comes_back_is_sent_again(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    activate(ledger_url, harness.destination(), {}, 21)
    assert harness.members(BEST, PEOPLE) == {}
    activate(ledger_url, harness.destination(), PEOPLE, 22)
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}


def test_a_changed_attribute_updates_the_person(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    changed = {**PEOPLE, ANN: {"in": ["best"], "decile": 4}}
    report = activate(ledger_url, harness.destination(), changed, 21)
    assert (report.upserted, report.unchanged) == (1, 3)
    assert "text" in harness.connector.declaration.capabilities.clears
    assert harness.members(BEST, [ANN]) == {ANN: {"spend_decile": "4"}}, "the age is gone as well"


def test_the_kinds_of_fields_that_are_declared_so_are_emptied(harness: Harness, ledger_url: str) -> None:
    numbers = Activation.model_validate({**ACTIVATION.model_dump(), "mapping": {"rank": "spend_12m_decile"}})
    activate(ledger_url, harness.destination(), PEOPLE, activation=numbers)
    changed = {**PEOPLE, ANN: {"in": ["best"]}}
    activate(ledger_url, harness.destination(), changed, 21, activation=numbers)
    is_empty = harness.members(BEST, [ANN])[ANN] == {}
    assert is_empty == ("number" in harness.connector.declaration.capabilities.clears)


def test_a_renamed_audience_keeps_its_list(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    before = harness.upsert_requests()
    activate(ledger_url, harness.destination(), PEOPLE, 21, titles={**TITLES, "best": "Big spenders"})
    name = "Perennial: Big spenders" if harness.connector.declaration.capabilities.renames else BEST
    assert harness.list_names() == {name, LAPSING}
    assert harness.members(name, PEOPLE).keys() == {ANN, BOB}
    assert harness.upsert_requests() == before


def test_two_audiences_of_one_name_are_refused(harness: Harness, ledger_url: str) -> None:
    with pytest.raises(TerminalError, match="lapsing and best would share the list"):
        activate(ledger_url, harness.destination(), PEOPLE, titles={"best": "Best", "lapsing": "Best"})
    assert harness.upsert_requests() == 0


def test_an_audience_taken_off_the_activation_empties_its_list(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    fewer = ACTIVATION.model_copy(update={"audiences": ["best"]})
    activate(ledger_url, harness.destination(), PEOPLE, 21, activation=fewer)
    assert harness.members(LAPSING, PEOPLE) == {}
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}


def test_bad_rows_do_not_hold_up_the_good_ones(harness: Harness, ledger_url: str) -> None:
    later = harness.refused_later("dora")
    people = {**PEOPLE, "not an address": {"in": ["best"]}, later: {"in": ["best"]}}
    report = activate(ledger_url, harness.destination(), people)
    assert report.rejected == 2
    assert harness.members(BEST, people).keys() == {ANN, BOB}
    rejected = delivered(ledger_url).filter(state="rejected")
    assert set(rejected["key"]) == {"not an address", later}
    before = harness.upsert_requests()
    activate(ledger_url, harness.destination(), people, 21)
    assert harness.upsert_requests() == before, "a refused row is not tried again until it changes"


def test_people_without_a_key_are_counted(harness: Harness, ledger_url: str) -> None:
    report = activate(ledger_url, harness.destination(), {**PEOPLE, "-eve": {"in": ["best"]}})
    assert report.without_key == {"best": 1, "lapsing": 0}
    assert report.upserted == 3


def test_suppressed_people_are_removed_and_never_sent(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), {ANN: PEOPLE[ANN], BOB: PEOPLE[BOB]})
    harness.unsubscribe(BOB)
    harness.unsubscribe(CAT)
    report = activate(ledger_url, harness.destination(), PEOPLE, 21)
    assert (report.suppressed, report.removed, report.upserted) == (2, 2, 0)
    assert harness.members(BEST, PEOPLE).keys() == {ANN}
    assert harness.members(LAPSING, PEOPLE) == {}


def test_everybody_who_opted_out_is_named_with_a_declared_reason(harness: Harness) -> None:
    harness.unsubscribe(ANN)
    told = list(harness.destination().suppressions())
    assert {each.key for each in told} == {ANN}
    assert {each.kind for each in told} <= set(harness.connector.declaration.capabilities.suppressions)


def test_an_upsert_subscribes_nobody(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE)
    assert harness.subscribed() == set()


def test_an_upsert_leaves_who_opts_out_at_the_last_moment_as_they_are(
    harness: Harness, ledger_url: str
) -> None:
    destination = harness.destination()
    told = list(destination.suppressions())
    destination.suppressions = lambda: iter(told)  # type: ignore[method-assign]
    harness.unsubscribe(BOB)
    activate(ledger_url, destination, PEOPLE)
    assert {each.key for each in harness.destination().suppressions()} == {BOB}
    assert harness.subscribed() == set()


def test_over_a_history_lists_are_what_audiences_are_without_who_opted_out(
    harness: Harness, ledger_url: str
) -> None:
    chance, out = Random(4711), set[str]()
    keys = [f"p{number}@example.com" for number in range(8)]
    for number in range(1, 6):
        people: People = {
            key: {"in": [name for name in TITLES if chance.random() < 0.6], "decile": chance.randint(1, 3)}
            for key in keys
        }
        if number > 1:
            out.add(leaves := chance.choice(keys))
            harness.unsubscribe(leaves)
        harness.next_day()
        activate(ledger_url, harness.destination(), people, number)
        for list_name, audience in ((BEST, "best"), (LAPSING, "lapsing")):
            assert harness.members(list_name, keys) == {
                key: {"spend_decile": str(person["decile"])}
                for key, person in people.items()
                if audience in person["in"] and key not in out
            }
    assert harness.subscribed() == set()


def test_an_older_day_changes_nothing(harness: Harness, ledger_url: str) -> None:
    activate(ledger_url, harness.destination(), PEOPLE, 21)
    ledger = delivered(ledger_url)
    report = activate(ledger_url, harness.destination(), {ANN: PEOPLE[ANN]}, 20)
    assert "2017-12-21" in report.skipped
    assert delivered(ledger_url).equals(ledger)
    assert harness.members(LAPSING, PEOPLE).keys() == {BOB, CAT}


def test_a_dry_run_counts_and_changes_nothing(harness: Harness, ledger_url: str) -> None:
    report = activate(ledger_url, harness.destination(), PEOPLE, dry_run=True)
    assert report.upserted == 3
    assert harness.list_names() == set()
    assert delivered(ledger_url).is_empty()


def test_a_wrong_secret_is_terminal_and_is_not_told(
    harness: Harness, ledger_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "wrong-key-0815"
    with caplog.at_level("DEBUG"), pytest.raises(TerminalError, match=r"401.*check") as error:
        activate(ledger_url, harness.destination(secret=wrong), PEOPLE)
    assert wrong not in caplog.text + str(error.value)
    assert "connection" in str(error.value)


def test_nobody_is_named_in_a_log(
    harness: Harness,
    ledger_url: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whatever happens: requests that are taken, refused, lost, refused later, and people who opt out."""
    later, canaries = harness.refused_later("canary.dora"), [f"canary.{n}@example.com" for n in range(3)]
    people: People = {
        key: {"in": ["best"], "decile": 1, "age": "canary-25-34"}
        for key in (*canaries, later, "canary no address")
    }
    said: list[str] = []
    faults: list[dict[str, Any]] = [{}, {"status": 400}, {"status": 503, "headers": WAIT}, {}]
    with caplog.at_level("DEBUG"):
        for day, how in enumerate(faults, 20):
            if how:
                harness.fault(**how)
                harness.unsubscribe(canaries[0])
            changed = {key: {**each, "decile": day} for key, each in people.items()} if day < 23 else {}
            try:
                said.append(repr(activate(ledger_url, harness.destination(), changed, day)))
            except PerennialError as error:
                said.append("".join(traceback.format_exception(error)))
    told = "\n".join([caplog.text, *said, *capfd.readouterr()]).lower()
    digests = [new(each.encode()).hexdigest() for each in (*canaries, later) for new in (md5, sha256)]
    for name in ("canary", SECRET.lower(), *digests):
        assert name not in told, told[max(0, told.find(name) - 300) : told.find(name) + 100]


def test_the_documented_limits_are_kept(harness: Harness) -> None:
    destination = harness.destination()
    name = destination.ensure_list(BEST, None)
    for _ in range(20):
        destination.submit_upserts([Row(ANN, {})], [name])
        destination.submit_removals(name, [ANN])
        destination.check()
    assert harness.throttled() == 0


def test_a_connection_can_be_tried(harness: Harness) -> None:
    assert harness.destination().check()
    with pytest.raises(TerminalError, match="401"):
        harness.destination(secret="wrong-key-0815").check()


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}])
def test_a_short_outage_is_ridden_out(
    harness: Harness, ledger_url: str, status: int, headers: dict[str, str]
) -> None:
    harness.fault(status=status, headers=headers, times=2)
    activate(ledger_url, harness.destination(), PEOPLE)
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}


@pytest.mark.parametrize(
    "fault", [{"status": 503, "times": 50}, {"status": 429, "headers": {"Retry-After": "3600"}}]
)
def test_a_long_outage_is_left_to_the_retry(
    harness: Harness, ledger_url: str, fault: dict[str, object]
) -> None:
    harness.fault(**fault)
    with pytest.raises(TransientError, match=r"429|503"):
        activate(ledger_url, harness.destination(), PEOPLE)


def test_a_timeout_after_the_provider_accepted_does_no_harm(harness: Harness, ledger_url: str) -> None:
    harness.fault(delay=1.0)
    activate(ledger_url, harness.destination(read_timeout=0.3), PEOPLE)
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}
    assert set(delivered(ledger_url)["state"]) == {"delivered"}


def test_a_retry_waits_for_the_job_and_sends_nothing_again(harness: Harness, ledger_url: str) -> None:
    if not harness.connector.declaration.capabilities.jobs:
        assert harness.destination().submit_upserts([], []).job is None
        return
    with pytest.raises(JobsPendingError, match="its id is in the ledger"):
        activate(ledger_url, harness.destination(), PEOPLE, patience=0)
    assert "sending" in set(delivered(ledger_url)["state"])
    before = harness.upsert_requests()
    activate(ledger_url, harness.destination(), PEOPLE)
    assert harness.upsert_requests() == before > 0
    assert set(delivered(ledger_url)["state"]) == {"delivered"}
    assert harness.members(BEST, PEOPLE).keys() == {ANN, BOB}


class Killed(BaseException):
    """The end of a process."""


@pytest.mark.parametrize(
    "step", ["prepare", "ensure_list", "submit_removals", "submit_upserts", "finished", "conclude"]
)
def test_ended_after_any_step_and_run_again_it_ends_as_if_nothing_had_happened(
    harness: Harness, ledger_url: str, step: str
) -> None:
    renames = harness.connector.declaration.capabilities.renames
    earlier = {**TITLES, "best": "Named otherwise"} if renames else TITLES
    activate(ledger_url, harness.destination(), PEOPLE, titles=earlier)
    after: People = {ANN: PEOPLE[ANN], BOB: {"in": ["lapsing"], "decile": 5}, "dan@example.com": PEOPLE[CAT]}
    destination = harness.destination()
    original = getattr(destination, step)

    def last(*args: object) -> None:
        original(*args)
        raise Killed

    setattr(destination, step, last)
    with suppress(Killed):
        activate(ledger_url, destination, after, 21)
    activate(ledger_url, harness.destination(), after, 21)
    assert harness.members(BEST, {**PEOPLE, **after}).keys() == {ANN}
    assert harness.members(LAPSING, {**PEOPLE, **after}) == {
        BOB: {"spend_decile": "5"},
        "dan@example.com": {"spend_decile": "0"},
    }
    ledger = delivered(ledger_url).filter(pl.col("state") != "removed")
    assert set(ledger["state"]) == {"delivered"}
    assert ledger.height == 3
