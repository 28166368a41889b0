"""The Eloqua connector's own behaviour."""

import pytest
from activation.destinations.eloqua.harness import Eloqua, EloquaHarness
from activation.destinations.scenario import BEST, People, activate, delivered

from perennial.activation.destinations.base import JobFailedError, JobUnknownError, ListGoneError, Row
from perennial.activation.destinations.failures import RefusedError
from perennial.errors import TerminalError

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> EloquaHarness:
    return EloquaHarness(Eloqua())


@pytest.fixture
def eloqua(started: EloquaHarness) -> EloquaHarness:
    started.clear()
    return started


def test_the_pod_is_looked_for_once_and_again_after_it_moved(eloqua: EloquaHarness) -> None:
    destination = eloqua.destination()
    assert destination.check() == "instance at https://secure.p03.eloqua.com"
    eloqua.stand_in.pod = "https://secure.p07.eloqua.com"
    assert destination.check() == "instance at https://secure.p07.eloqua.com"


def test_a_pod_that_is_none_of_eloquas_hosts_gets_no_credentials(eloqua: EloquaHarness) -> None:
    eloqua.stand_in.pod = "https://secure.p03.eloqua.com.example.com"
    with pytest.raises(RefusedError, match="none of Eloqua's hosts"):
        eloqua.destination().check()


def test_a_field_that_is_missing_is_named_and_one_is_found_by_the_name_that_is_shown(
    eloqua: EloquaHarness,
) -> None:
    destination = eloqua.destination()
    destination.prepare({"C_FirstName": "text", "Age": "text"})
    with pytest.raises(TerminalError, match="no contact field shoe_size: create it"):
        destination.prepare({"shoe_size": "number", "age": "text"})


def test_consent_under_another_name_is_refused(eloqua: EloquaHarness) -> None:
    with pytest.raises(TerminalError, match="Wants_mail is consent at Eloqua"):
        eloqua.destination().prepare({"Wants_mail": "text"})


def test_a_definition_holds_a_hundred_fields(eloqua: EloquaHarness) -> None:
    with pytest.raises(TerminalError, match="takes 99 mapped fields, found 100"):
        eloqua.destination().prepare(dict.fromkeys([f"f{number}" for number in range(100)], "text"))


def test_duplicates_of_a_post_whose_answer_was_lost_are_no_errors(
    eloqua: EloquaHarness, ledger_url: str
) -> None:
    eloqua.fault(delay=1)
    report = activate(ledger_url, eloqua.destination(), PEOPLE)
    (first, second) = [each for each in eloqua.stand_in.definitions if each["kind"] == "imports"]
    assert sorted([len(first["rows"]), len(second["rows"])]) == [1, 2]
    assert report.rejected == 0
    assert set(delivered(ledger_url)["state"]) == {"delivered"}


def test_each_import_has_a_definition_of_its_own(eloqua: EloquaHarness) -> None:
    destination = eloqua.destination()
    jobs = {destination.submit_upserts([Row(ANN, {})], []).job for _ in range(2)}
    assert len(jobs) == len(eloqua.stand_in.definitions) == 2
    assert eloqua.stand_in.definitions[0]["autoDeleteDuration"] == "P7D"


def test_a_failed_sync_says_why(eloqua: EloquaHarness) -> None:
    destination = eloqua.destination()
    job = destination.submit_upserts([Row(ANN, {})], []).job
    eloqua.stand_in.broken = True
    assert [destination.finished(job) for _ in range(2)] == [False, True]
    with pytest.raises(JobFailedError, match=f"sync {job} failed: ELQ-00146 Error in sync"):
        destination.conclude(job, [ANN])


def test_who_bounced_is_told_as_such(eloqua: EloquaHarness) -> None:
    eloqua.stand_in.contacts = {ANN: {"bounced": "True"}, BOB: {}}
    assert [(each.key, each.kind) for each in eloqua.destination().suppressions()] == [(ANN, "bounce")]


def test_lists_and_syncs_that_are_gone_are_told(eloqua: EloquaHarness) -> None:
    destination = eloqua.destination()
    with pytest.raises(ListGoneError, match=r"existing object.*delete its row from activation\.list"):
        destination.submit_removals("99", [ANN])
    with pytest.raises(JobUnknownError, match="404"):
        destination.finished("9")


def test_a_list_whose_name_only_contains_it_is_another(eloqua: EloquaHarness) -> None:
    destination = eloqua.destination()
    assert destination.ensure_list(f"{BEST} of all", None) != destination.ensure_list(BEST, None)
