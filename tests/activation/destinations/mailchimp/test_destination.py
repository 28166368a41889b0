"""The Mailchimp connector's own behaviour, and both sides of it against Mailchimp's documents."""

import json

import pytest
from activation.destinations.mailchimp.harness import Mailchimp, MailchimpHarness
from activation.destinations.scenario import BEST, People, activate, delivered
from openapi_check import require

from perennial.activation.destinations.base import JobUnknownError, ListGoneError, Row, Submitted
from perennial.activation.destinations.failures import UnavailableError
from perennial.errors import TerminalError

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}


@pytest.fixture(scope="module")
def started() -> MailchimpHarness:
    return MailchimpHarness(Mailchimp())


@pytest.fixture
def mailchimp(started: MailchimpHarness) -> MailchimpHarness:
    started.clear()
    return started


def test_every_exchange_fits_the_official_documents(mailchimp: MailchimpHarness, ledger_url: str) -> None:
    require(*mailchimp.documents)
    assert mailchimp.openapi is not None
    activate(ledger_url, mailchimp.destination(), PEOPLE)
    activate(
        ledger_url, mailchimp.destination(), {BOB: {"in": ["best"]}}, 21, titles={"best": "B", "lapsing": "L"}
    )
    mailchimp.destination().check()
    assert mailchimp.openapi.checked >= {
        "GET getListsId 200",
        "GET getListsIdMembers 200",
        "GET getListsIdMergeFields 200",
        "POST postListsIdMergeFields 200",
        "GET previewASegment 200",
        "POST postListsIdSegments 200",
        "PATCH patchListsIdSegmentsId 200",
        "POST postListsIdSegmentsId 200",
        "POST postBatches 200",
        "GET getBatchesId 200",
        "PUT putListsIdMembersId 200",
    }


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"])
def test_an_upsert_never_writes_a_status(mailchimp: MailchimpHarness, status: str) -> None:
    mailchimp.put(ANN, status)
    destination = mailchimp.destination()
    destination.submit_upserts([Row(ANN, {}), Row(BOB, {})], [])
    (batch,) = mailchimp.stand_in.batches.values()
    for operation in batch["operations"]:
        assert json.loads(operation["body"]).keys() == {"email_address", "status_if_new", "merge_fields"}
        assert json.loads(operation["body"])["status_if_new"] == "transactional"


def test_archived_members_stay_archived(mailchimp: MailchimpHarness, ledger_url: str) -> None:
    mailchimp.put(ANN, "archived")
    report = activate(ledger_url, mailchimp.destination(), PEOPLE)
    assert (report.suppressed, report.upserted) == (1, 1)
    (ann,) = [each for each in mailchimp.stand_in.members.values() if each["email_address"] == ANN]
    assert ann["status"] == "archived"


def test_people_whom_mailchimp_was_told_to_forget_are_rejected_with_its_reason(
    mailchimp: MailchimpHarness, ledger_url: str
) -> None:
    mailchimp.forget(ANN)
    activate(ledger_url, mailchimp.destination(), PEOPLE)
    rejected = delivered(ledger_url).filter(state="rejected")
    assert rejected["key"].to_list() == [ANN]
    assert mailchimp.members(BEST, PEOPLE).keys() == {BOB}


def test_a_merge_field_that_is_there_is_found_by_its_tag_or_name(mailchimp: MailchimpHarness) -> None:
    destination = mailchimp.destination()
    destination.prepare({"FNAME": "text", "first name": "text", "spend_decile": "number"})
    assert [each["name"] for each in mailchimp.stand_in.fields] == ["First Name", "spend_decile"]
    with pytest.raises(TerminalError, match="spend_decile holds number, and the mapping gives text"):
        destination.prepare({"spend_decile": "text"})


def test_403_without_json_is_overload(mailchimp: MailchimpHarness) -> None:
    mailchimp.fault(status=403, times=4)
    with pytest.raises(UnavailableError, match="status 403"):
        mailchimp.destination().submit_upserts([Row(ANN, {})], ["7000"])


def test_a_segment_deleted_at_mailchimp_is_terminal(mailchimp: MailchimpHarness) -> None:
    with pytest.raises(ListGoneError, match=r"404.*delete its row from activation\.list"):
        mailchimp.destination().submit_removals("7000", [ANN])


def test_a_batch_that_was_forgotten_is_told(mailchimp: MailchimpHarness) -> None:
    with pytest.raises(JobUnknownError, match="404"):
        mailchimp.destination().finished("b99 7000")


def test_more_than_one_change_of_a_segment_can_hold_are_several(
    mailchimp: MailchimpHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailchimp.stand_in, "checks", lambda response: None)
    destination = mailchimp.destination()
    segment = destination.ensure_list("Perennial: Best", None)
    keys = [f"p{number}@example.com" for number in range(600)]
    job = destination.submit_upserts([Row(key, {}) for key in keys], [segment]).job
    while not destination.finished(job):
        pass
    assert destination.conclude(job, keys) == {}
    assert len(mailchimp.members("Perennial: Best", keys)) == 600
    assert destination.submit_removals(segment, keys[:500]) == Submitted()
    assert len(mailchimp.members("Perennial: Best", keys)) == 100


def test_everyone_is_read_to_the_last_page(mailchimp: MailchimpHarness) -> None:
    keys = {f"p{number}@example.com" for number in range(1001)}
    for key in keys:
        mailchimp.put(key, "cleaned")
    assert {(each.key, each.kind) for each in mailchimp.destination().suppressions()} == {
        (key, "bounce") for key in keys
    }
