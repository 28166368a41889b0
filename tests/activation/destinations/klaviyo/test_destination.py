"""The Klaviyo connector's own behaviour, and both sides of it against Klaviyo's OpenAPI document."""

import json
import re

import pytest
from activation.destinations.klaviyo.harness import Klaviyo, KlaviyoHarness
from activation.destinations.scenario import People, activate
from openapi_check import OpenApi, require

from perennial.activation.destinations.base import (
    BatchRefusedError,
    JobFailedError,
    JobUnknownError,
    ListGoneError,
    Row,
    Window,
)

ANN, BOB = "ann@example.com", "bob@example.com"
PEOPLE: People = {ANN: {"in": ["best"], "decile": 1, "age": "25-34"}, BOB: {"in": ["best", "lapsing"]}}
PER = {"s": 1, "m": 60, "d": 86400}


@pytest.fixture(scope="module")
def started() -> KlaviyoHarness:
    return KlaviyoHarness(Klaviyo())


@pytest.fixture
def klaviyo(started: KlaviyoHarness) -> KlaviyoHarness:
    started.clear()
    return started


def test_every_exchange_fits_the_official_document(klaviyo: KlaviyoHarness, ledger_url: str) -> None:
    require(*klaviyo.documents)
    assert klaviyo.openapi is not None
    people = {**PEOPLE, klaviyo.refused_later("dora"): {"in": ["best"]}}
    activate(ledger_url, klaviyo.destination(), people)
    activate(
        ledger_url, klaviyo.destination(), {BOB: {"in": ["best"]}}, 21, titles={"best": "B", "lapsing": "L"}
    )
    klaviyo.destination().check()
    assert klaviyo.openapi.checked >= {
        "POST bulk_import_profiles 202",
        "GET get_bulk_import_profiles_job 200",
        "GET get_errors_for_bulk_import_profiles_job 200",
        "GET get_profiles 200",
        "GET get_lists 200",
        "POST create_list 201",
        "PATCH update_list 200",
        "DELETE remove_profiles_from_list 204",
    }


def test_the_declared_windows_are_those_of_the_document(klaviyo: KlaviyoHarness) -> None:
    (document,) = OpenApi(require(*klaviyo.documents)).documents
    limits = klaviyo.connector.limits
    ours = {
        "POST /api/profile-bulk-import-jobs", "GET /api/profile-bulk-import-jobs/{job_id}",
        "GET /api/profile-bulk-import-jobs/{id}/import-errors", "GET /api/profiles", "GET /api/lists",
        "POST /api/lists", "PATCH /api/lists/{id}", "DELETE /api/lists/{id}/relationships/profiles",
        "GET /api/events", "GET /api/metrics", "GET /api/campaigns",
    }  # fmt: skip
    assert limits.operations.keys() <= ours
    for operation in ours:
        method, path = operation.split()
        said = document["paths"][path][method.lower()]["x-klaviyo-ratelimit"].values()
        windows = [re.fullmatch(r"(\d+)/(\w)", each) for each in said]
        declared = limits.operations.get(operation, limits.windows)
        assert declared == [Window(calls=int(w[1]), seconds=PER[w[2]]) for w in windows if w], operation


def test_a_full_request_stays_within_the_providers_size(
    klaviyo: KlaviyoHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(klaviyo.stand_in, "checks", lambda response: None)
    destination = klaviyo.destination()
    destination.prepare({"decile": "number", "first_name": "text", "city": "text"})
    fields = {"decile": "3", "first_name": None, "city": "Berlin"}
    rows = [Row(f"household.{n}@example.com", fields) for n in range(klaviyo.connector.limits.rows)]
    job = destination.submit_upserts(rows, []).job
    assert job is not None
    profile = klaviyo.stand_in.jobs[job]["profiles"][0]
    assert profile["attributes"] == {
        "email": "household.0@example.com", "first_name": None, "location": {"city": "Berlin"},
        "properties": {"decile": 3},
    }  # fmt: skip
    assert len(json.dumps(klaviyo.stand_in.jobs[job]["profiles"])) < 5_000_000


def test_rows_that_the_provider_refuses_are_named(klaviyo: KlaviyoHarness) -> None:
    with pytest.raises(BatchRefusedError) as refused:
        klaviyo.destination().submit_upserts([Row(ANN, {}), Row("nobody", {})], [])
    assert refused.value.rows == {1: "Invalid email address"}


@pytest.mark.parametrize("reason", ["HARD_BOUNCE", "INVALID_EMAIL", "SPAM_COMPLAINT", "USER_SUPPRESSED"])
def test_every_suppression_wins(klaviyo: KlaviyoHarness, ledger_url: str, reason: str) -> None:
    klaviyo.unsubscribe(ANN, reason)
    report = activate(ledger_url, klaviyo.destination(), PEOPLE)
    assert (report.suppressed, report.upserted) == (1, 1)


def test_suppressions_are_read_to_the_last_page(klaviyo: KlaviyoHarness) -> None:
    keys = {f"p{number}@example.com" for number in range(201)}
    for key in keys:
        klaviyo.unsubscribe(key)
    assert {each.key for each in klaviyo.destination().suppressions()} == keys


def test_lists_and_jobs_that_are_gone_are_told(klaviyo: KlaviyoHarness) -> None:
    destination = klaviyo.destination()
    klaviyo.unsubscribe(ANN)
    with pytest.raises(ListGoneError, match=r"404.*delete its row from activation\.list"):
        destination.submit_removals("L9", [ANN])
    with pytest.raises(ListGoneError, match="404"):
        destination.submit_upserts([Row(ANN, {})], ["L9"])
    with pytest.raises(JobUnknownError, match="404"):
        destination.finished("job9")


def test_a_cancelled_job_and_refusals_without_names_are_failures(klaviyo: KlaviyoHarness) -> None:
    destination = klaviyo.destination()
    for status, failed in (("cancelled", []), ("complete", [{"attributes": {"email": "else@example.com"}}])):
        job = destination.submit_upserts([Row(ANN, {})], []).job
        klaviyo.stand_in.jobs[job] |= {"status": status, "failed": failed}
        assert destination.finished(job)
        with pytest.raises(JobFailedError):
            destination.conclude(job, [ANN])


def test_a_list_is_found_by_a_name_with_marks_in_it(klaviyo: KlaviyoHarness) -> None:
    destination = klaviyo.destination()
    assert destination.ensure_list("Best, of (all)", None) == destination.ensure_list("Best, of (all)", None)
