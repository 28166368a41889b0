"""The Signals section over a real Airflow: datasets, batches and quarantined rows, as pages and as JSON."""

import csv
import re
from typing import Any

import pytest
from web.callers import ROWS, Caller
from web.example_lake import SCRIPT, TEXT

pytestmark = [pytest.mark.e2e, pytest.mark.store]
NOT_A_NUMBER = r"household_id: does not match ^\d+$"


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
    assert re.search(r"Nothing yet: run <a data-airflow=\"/dags/signals_history\"", page)


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


def test_open_rows_are_grouped_filtered_searched_and_paged(admin: Caller) -> None:
    found = admin.get(ROWS).json()
    reasons = {one["reason"]: one["rows"] for one in found["reasons"]}
    assert found["total"] == found["open"] == 30
    assert reasons[NOT_A_NUMBER] == 7
    assert admin.get(ROWS, reason=NOT_A_NUMBER).json()["total"] == 7
    assert admin.get(ROWS, search="12X28").json()["total"] == 6, "capitals do not matter"
    assert admin.get(ROWS, search=".*").json()["total"] == 0, "no pattern, but text"
    assert [row["id"] for row in admin.get(ROWS, show="corrected").json()["rows"]] == ["row-1225-2"]
    ended = {row["id"]: row["outcome"] for row in admin.get(ROWS, show="resolved").json()["rows"]}
    assert ended == {"row-1231-4": "replayed", "row-1231-3": "discarded"}
    pages = [admin.get(ROWS, size=12, page=page).json()["rows"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [12, 12, 6]
    assert len({row["id"] for page in pages for row in page}) == 30
    assert '<a href="?reason=quantity%3A+below+0">' in admin.page("/signals/quarantine/transactions")


def test_raw_data_is_text_and_nothing_else(admin: Caller) -> None:
    for path in ("/signals/quarantine/transactions", "/signals/batches/transactions-2017-12-31"):
        page = admin.page(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(document.domain)" in page
    page = admin.page("/signals/quarantine/transactions", search=SCRIPT, reason='"><script>alert(1)</script>')
    assert "<script>alert" not in page
    rows = [*csv.reader(admin.get(f"{ROWS}/csv", search="=").text.splitlines())]
    assert f"'{TEXT}" in [row[rows[0].index("raw")] for row in rows[1:]]


def test_what_is_in_a_quarantined_row_is_for_those_who_may_correct_it(viewer: Caller, admin: Caller) -> None:
    for path in (ROWS, f"{ROWS}/csv", f"{ROWS}/rows/row-1225-2"):
        assert (viewer.get(path).status_code, admin.get(path).status_code) == (403, 200)
    for path in ("/signals/quarantine/transactions", "/signals/batches/transactions-2017-12-31"):
        page = viewer.page(path)
        assert "quantity: below 0" in page, "the reasons are there"
        assert "alert(document.domain)" not in page
        assert "Record" not in page
        assert "alert(document.domain)" in admin.page(path)
    everything = viewer.page("/signals/quarantine/transactions")
    assert 'data-total="30"' in everything
    found = viewer.page("/signals/quarantine/transactions", search="12X28")
    assert 'data-total="30"' in found, "a search would tell what records hold"


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
def test_a_hostile_address_leads_nowhere(admin: Caller, path: str, status: int) -> None:
    answer = admin.get(path)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
