"""The Signals section over a real Airflow: what it shows, who may change what, and how rows are changed."""

import csv
import json
import re
from typing import Any

import pytest
import requests
from web.airflow_server import AirflowServer
from web.example_lake import LINE, SCRIPT, TEXT

from perennial.lake.catalog import Lake

pytestmark = [pytest.mark.e2e, pytest.mark.store]
ROWS = "/api/signals/quarantine/transactions"
OURS = {"x-perennial": "1"}
NOT_A_NUMBER = r"household_id: does not match ^\d+$"


class Caller:
    """Somebody who is signed in."""

    def __init__(self, airflow: AirflowServer, user: str | None) -> None:
        self._session, self._root = airflow.session(user), f"{airflow.url}/perennial"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self._session.get(self._root + path, params=query, timeout=30)

    def page(self, path: str, **query: Any) -> str:
        answer = self._session.get(
            self._root + path, params=query, headers={"accept": "text/html"}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, what: str, body: Any, headers: dict[str, str] = OURS) -> requests.Response:
        return self._session.post(f"{self._root}{ROWS}/{what}", json=body, headers=headers, timeout=30)


@pytest.fixture
def admin(airflow: AirflowServer, lake: Lake) -> Caller:
    return Caller(airflow, "admin")


@pytest.fixture
def viewer(airflow: AirflowServer, lake: Lake) -> Caller:
    return Caller(airflow, "vic")


def test_every_dataset_stands_there_with_its_last_batch(viewer: Caller) -> None:
    datasets = {one["name"]: one for one in viewer.get("/api/signals/datasets").json()}
    receipts = datasets["transactions"]
    assert receipts["last"]["batch"] == "transactions-2017-12-31"
    assert (receipts["open"], receipts["corrected"], receipts["newest"]) == (30, 1, "2017-12-31")
    assert datasets["campaigns"]["last"] is None
    assert datasets["contacts"]["last"]["status"] == "failed"
    page = viewer.page("/signals")
    assert 'aria-current="page">Signals' in page
    assert "Lines of till receipts" in page
    assert re.search(r"No batch yet: run <a data-airflow=\"/dags/signals_history\"", page)


def test_batches_are_paged_and_filtered(viewer: Caller) -> None:
    def found(**query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = viewer.get("/api/signals/batches", **query).json()
        return answer

    first, second = found(size=30), found(size=30, page=2)
    assert (first["total"], len(first["rows"]), len(second["rows"])) == (44, 30, 14)
    times = [row["at"] for row in (*first["rows"], *second["rows"])]
    assert times == sorted(times, reverse=True)
    assert {row["source"] for row in found(source="stream")["rows"]} == {"stream"}
    assert [row["batch"] for row in found(state="failed")["rows"]] == ["contacts-history"]
    assert found(state="attention")["total"] == 2
    assert found(dataset="transactions", state="success")["total"] == 8
    page = viewer.page("/signals/batches", dataset="transactions")
    assert page.count("<tr>") == 1 + 8
    assert '<option value="transactions" selected>' in page
    assert "There is no page 9" in viewer.page("/signals/batches", page=9)
    assert "No batch is like this" in viewer.page("/signals/batches", state="deleted")


def test_a_batch_tells_its_life(viewer: Caller) -> None:
    batch = viewer.get("/api/signals/batches/transactions-2017-12-25").json()
    assert [step["status"] for step in batch["steps"]] == ["staging", "staged", "success"]
    assert batch["read"] - batch["accepted"] - batch["duplicate"] == batch["failed"] == 6
    errors = viewer.get("/api/signals/batches/transactions-2017-12-25/errors").json()
    assert [(error["code"], error["rows"]) for error in errors] == [("RULE", 6)]
    page = viewer.page("/signals/batches/transactions-2017-12-25")
    assert "6 of 6 rows still open" in page
    assert "read − taken − repeated = set aside" in page
    assert 'data-airflow="/dags/signals_batch"' in page
    assert viewer.get("/api/signals/batches/nowhere").status_code == 404


def test_open_rows_are_grouped_filtered_searched_and_paged(viewer: Caller) -> None:
    found = viewer.get(ROWS).json()
    reasons = {one["reason"]: one["rows"] for one in found["reasons"]}
    assert found["total"] == found["open"] == 30
    assert reasons[NOT_A_NUMBER] == 7
    assert viewer.get(ROWS, reason=NOT_A_NUMBER).json()["total"] == 7
    assert viewer.get(ROWS, search="12X28").json()["total"] == 6, "capitals do not matter"
    assert viewer.get(ROWS, search=".*").json()["total"] == 0, "no pattern, but text"
    assert [row["id"] for row in viewer.get(ROWS, show="corrected").json()["rows"]] == ["row-1225-2"]
    ended = {row["id"]: row["outcome"] for row in viewer.get(ROWS, show="resolved").json()["rows"]}
    assert ended == {"row-1231-4": "replayed", "row-1231-3": "discarded"}
    pages = [viewer.get(ROWS, size=12, page=page).json()["rows"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [12, 12, 6]
    assert len({row["id"] for page in pages for row in page}) == 30
    assert '<a href="?reason=quantity%3A+below+0">' in viewer.page("/signals/quarantine/transactions")


def test_raw_data_is_text_and_nothing_else(viewer: Caller) -> None:
    for path in ("/signals/quarantine/transactions", "/signals/batches/transactions-2017-12-31"):
        page = viewer.page(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(document.domain)" in page
    page = viewer.page(
        "/signals/quarantine/transactions", search=SCRIPT, reason='"><script>alert(1)</script>'
    )
    assert "<script>alert" not in page
    rows = [*csv.reader(viewer.get(f"{ROWS}/csv", search="=").text.splitlines())]
    assert f"'{TEXT}" in [row[rows[0].index("raw")] for row in rows[1:]]


def test_a_viewer_sees_no_controls_and_changes_nothing(viewer: Caller, lake: Lake) -> None:
    page = viewer.page("/signals/quarantine/transactions")
    assert "Lines of till receipts" in page
    assert not re.search(r"data-edit|data-pick|signals_quarantine\.js|id=\"replay\"", page)
    for what, body in {
        "check": {"raw": "{}"},
        "corrections": {"ids": ["row-1225-1"], "raw": "{}"},
        "discard": {"ids": ["row-1225-1"]},
    }.items():
        assert viewer.post(what, body).status_code == 403, what
    assert lake.resolutions.scan().collect().height == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 403),
        ({"content-type": "application/json", "sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain", **OURS}, 415),
        ({"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}, 415),
        ({"content-type": "application/json; charset=utf-8", "sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_another_sites_form_changes_nothing(
    admin: Caller, lake: Lake, headers: dict[str, str], status: int
) -> None:
    assert admin.post("discard", {"ids": ["row-1225-1"]}, headers).status_code == status
    assert lake.resolutions.scan().collect().height == 2 + (status == 200)


def test_a_draft_is_checked_by_the_datasets_own_rules(admin: Caller, lake: Lake) -> None:
    body = {"id": "row-1225-1", "changes": {"household_id": "12"}}
    answer = admin.post("check", body).json()
    assert (answer["good"], answer["at"]) == (False, {"quantity": ["below 0"]})
    answer = admin.post("check", {**body, "changes": {"household_id": "12", "quantity": "2"}}).json()
    assert answer["good"]
    assert json.loads(answer["raw"])["household_id"] == "12"
    assert not admin.post("check", {"raw": TEXT}).json()["good"]
    assert lake.corrections.scan().collect().height == 1, "nothing is kept"


def test_a_correction_is_kept_beside_the_row(admin: Caller, lake: Lake) -> None:
    changes = {"household_id": "12", "quantity": "2"}
    answer = admin.post("corrections", {"ids": ["row-1225-1"], "changes": changes})
    assert answer.json() == {"corrected": 1, "skipped": 0}
    row = admin.get(f"{ROWS}/rows/row-1225-1").json()
    assert json.loads(row["corrected"]) == {**json.loads(row["raw"]), **changes}
    assert row["by"] == "admin"
    page = admin.page("/signals/quarantine/transactions", show="corrected")
    assert re.search(r"<del>-1</del>.*<ins>2</ins>", page)
    admin.post("corrections", {"ids": ["row-1225-1"], "raw": row["raw"]})
    assert admin.get(ROWS, show="corrected").json()["total"] == 1, "as it came is not corrected"


def test_what_nobody_touched_stays_to_the_last_digit(admin: Caller) -> None:
    admin.post(
        "corrections", {"ids": ["row-typed"], "changes": {"household_id": "7"}, "remove": ["quantity"]}
    )
    row = admin.get(f"{ROWS}/rows/row-typed").json()
    assert row["corrected"] == '{"customer":{"id": 12345678901234567890, "vip": true},"household_id":"7"}'
    refused = admin.post("corrections", {"ids": ["row-typed"], "changes": {"customer": "{"}})
    assert refused.status_code == 422
    assert "customer" in refused.json()["detail"]


def test_all_rows_with_a_reason_are_changed_at_once(admin: Caller, lake: Lake) -> None:
    chosen = {"ids": None, "reason": "quantity: below 0"}
    assert admin.post("corrections", {**chosen, "changes": {"quantity": "1"}}).json()["corrected"] == 7
    corrected = [row["corrected"] for row in admin.get(ROWS, reason="quantity: below 0").json()["rows"]]
    assert {json.loads(raw)["quantity"] for raw in corrected} == {"1"}
    one = {"ids": ["row-text", "row-empty"], "changes": {"quantity": "1"}}
    assert admin.post("corrections", one).json() == {"corrected": 1, "skipped": 1}
    assert admin.post("discard", chosen).json() == {"discarded": 7}
    assert admin.get(ROWS).json()["total"] == 23
    ended = lake.resolutions.scan().filter(outcome="discarded", by="admin").collect()
    assert ended.height == 8


def test_a_row_that_is_done_with_is_left_alone(admin: Caller) -> None:
    for what, body in {
        "discard": {"ids": ["row-1231-4", "nobody"]},
        "corrections": {"ids": ["row-1231-4"], "changes": {"quantity": "1"}},
    }.items():
        answer = admin.post(what, body)
        assert answer.status_code == 409
        assert "not" in answer.json()["detail"] or "None" in answer.json()["detail"]
    assert admin.get(f"{ROWS}/rows/row-1231-4").status_code == 404
    assert admin.post("check", {"id": "row-1231-4", "changes": {}}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": ["a"]},
        {"ids": ["a"], "changes": {}, "raw": "{}"},
        {"ids": ["a", "b"], "raw": "{}"},
        {"ids": None, "raw": "{}"},
        {"ids": ["a"], "changes": {"quantity": 1}},
        {"ids": ["a"], "changes": {}, "show": "resolved"},
        {"ids": ["a"], "changes": {}, "by": "somebody else"},
    ],
)
def test_a_body_that_makes_no_sense_is_refused(admin: Caller, body: dict[str, Any]) -> None:
    answer = admin.post("corrections", body)
    assert answer.status_code == 422
    assert LINE["basket_id"] not in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/signals/quarantine/nowhere", 404),
        ("/signals/quarantine/..%2F..%2Fsignals%2Fbatches", 404),
        ("/signals/batches/nowhere", 404),
        ("/signals/batches?page=0", 422),
        (f"{ROWS}?show=everything", 422),
        (f"{ROWS}?size=100000", 422),
        (f"{ROWS}/rows/nobody", 404),
        ("/api/signals/quarantine/nowhere/csv", 404),
    ],
)
def test_a_hostile_address_leads_nowhere(viewer: Caller, path: str, status: int) -> None:
    answer = viewer.get(path)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
