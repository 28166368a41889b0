"""Quarantined rows are corrected and discarded by those who may, from our own pages, and nothing is lost."""

import json
import re
from typing import Any

import pytest
from web.callers import OURS, ROWS, Caller
from web.example_lake import LINE, TEXT

from perennial.lake.catalog import Lake

pytestmark = [pytest.mark.e2e, pytest.mark.store]


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
