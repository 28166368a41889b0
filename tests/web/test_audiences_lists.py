"""Lists of people uploaded through the API, and audiences split into parts: what comes of it, and by whom."""

from datetime import date

import pytest
import requests
from web.callers import OURS, Caller

from perennial.stages.audiences import evaluate_audiences
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.usefixtures("documents")
API = "/api/audiences"
DAY = date(2018, 1, 1)
VIPS = {"title": "VIPs", "list": {"namespace": "email"}}
FILE = "id,Email\n1,Household.1@example.com\n2,household.2@example.com\n3,nobody@example.com\n4,n/a\n"


@pytest.fixture
def vips(admin: Caller) -> str:
    """The path of a list with nobody on it."""
    made = admin.send("PUT", f"{API}/vips", {"definition": VIPS, "before": None})
    assert made.status_code == 200, made.text
    assert made.json()["list"] == {"entries": 0, "found": 0, "people": 0, "uploads": []}
    return f"{API}/vips/list"


def test_a_list_is_made_filled_shown_and_evaluated(admin, viewer, vips, airflow):
    taken = admin.upload(vips, FILE, mode="replace")
    assert taken.json() == {
        "rows": 4, "accepted": 3, "repeated": 0, "refused": 1, "erased": 0, "lines": [5]
    }  # fmt: skip
    more = admin.upload(vips, "household.3@example.com", mode="append")
    assert more.json()["accepted"] == 1
    shown = viewer.get(f"{API}/vips").json()
    assert shown["definition"]["list"] == VIPS["list"]
    assert shown["sentence"] == "on an uploaded list, by email"
    assert [shown["list"][name] for name in ("entries", "found", "people")] == [4, 3, 3]
    assert [(u["mode"], u["by"], u["rows"], u["refused"]) for u in shown["list"]["uploads"]] == [
        ("append", "admin", 1, 0),
        ("replace", "admin", 4, 1),
    ]
    evaluate_audiences(Workspace(airflow.settings), DAY)
    assert viewer.get(f"{API}/vips").json()["evaluated"]["size"] == 3
    rule = {"all": [{"audience": "vips"}, {"none": [{"audience": "top_spenders"}]}]}
    top = {"by": "spend_12m", "most": 2}
    asked = {"rule": {"audience": "vips"}, "top": top}
    assert viewer.send("POST", f"{API}/estimate", {"rule": rule}).json()["size"] == 0
    counted = admin.send("POST", f"{API}/estimate", asked).json()
    assert (counted["size"], counted["sentence"]) == (
        2,
        "in the audience “VIPs”; of these only the 2 people with the greatest spend 12m",
    )
    assert {row["person_id"] for row in counted["sample"]} == {"1", "2"}


def test_what_cannot_be_taken_is_said_and_changes_nothing(admin, vips):
    admin.upload(vips, FILE, mode="replace")
    for text, message in (
        ("", "The file is empty"),
        ("a,b\n1,2\n", "has 2 columns, and none of them is called email"),
        ("n/a\n", "None of the 1 rows can be taken"),
        (b"\xff\xfe", "no text in UTF-8"),
    ):
        refused = admin.upload(vips, text, mode="replace")
        assert (refused.status_code, message in refused.json()["detail"]) == (422, True), refused.text
    assert admin.get(f"{API}/vips").json()["list"]["entries"] == 3
    assert admin.upload(vips, FILE, mode="erase").status_code == 422
    rule = admin.upload(f"{API}/lapsing/list", FILE, mode="append")
    assert (rule.status_code, "is a rule, and no list" in rule.json()["detail"]) == (422, True)
    assert admin.upload(f"{API}/nothing/list", FILE, mode="append").status_code == 404
    assert admin.upload(f"{API}/..%2fvips/list", FILE, mode="append").status_code in (404, 405, 422)


def test_a_body_that_is_too_long_is_refused(admin, vips):
    refused = admin.upload(vips, b"household.1@example.com\n" * 1_500_000, mode="replace")
    assert (refused.status_code, "larger than 32 MB" in refused.json()["detail"]) == (413, True)
    assert admin.get(f"{API}/vips").json()["list"]["entries"] == 0


def test_who_may_not_define_audiences_puts_nobody_on_a_list(viewer, vips, airflow):
    assert viewer.upload(vips, FILE, mode="replace").status_code == 403
    assert Caller(airflow, None).upload(vips, FILE, mode="replace").status_code == 401
    parts = {"parts": [{"name": "a", "title": "A", "share": 0.5}]}
    assert viewer.send("POST", f"{API}/lapsing/split", parts).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/csv"}, 403),
        ({"content-type": "text/csv", "sec-fetch-site": "cross-site"}, 403),
        ({**OURS, "content-type": "text/plain"}, 415),
        ({**OURS, "content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": "text/csv", "sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_other_sites_can_have_a_browser_upload_nothing(admin, vips, headers, status):
    answer: requests.Response = admin.upload(vips, FILE, mode="replace", headers=headers)
    assert answer.status_code == status


def test_a_list_of_a_namespace_that_is_not_there_is_not_made(admin):
    lost = {"definition": {"title": "It", "list": {"namespace": "phone"}}, "before": None}
    (error,) = admin.send("PUT", f"{API}/lost", lost).json()["errors"]
    assert error["path"] == "list.namespace"
    assert "there is no namespace phone of people; there are device, email" in error["message"]


def test_an_audience_is_split_into_drafts_that_have_nobody_in_common(admin, airflow, include):
    parts = [
        {"name": "calm", "title": "Calm", "share": 0.3},
        {"name": "loud", "title": "Loud", "share": 0.7},
    ]
    made = admin.send("POST", f"{API}/top_spenders/split", {"parts": parts})
    assert made.json() == {"audiences": ["calm", "loud"]}, made.text
    shown = admin.get(f"{API}/loud").json()
    assert shown["definition"]["state"] == "draft"
    assert shown["sentence"] == (
        "in the audience “Top spenders” and in the next 70 % after 30 % (“top_spenders”)"
    )
    sizes = [
        admin.send(
            "POST", f"{API}/estimate", {"rule": admin.get(f"{API}/{name}").json()["definition"]["rule"]}
        )
        for name in ("calm", "loud")
    ]
    assert sum(answer.json()["size"] for answer in sizes) == 90
    again = admin.send(
        "POST", f"{API}/top_spenders/split", {"parts": [{**parts[0], "name": "new_one"}, parts[1]]}
    )
    assert (again.status_code, "an audience loud already" in again.json()["detail"]) == (409, True)
    assert not (include / "audiences/new_one.yaml").exists(), "all of them, or none"
    many = admin.send("POST", f"{API}/top_spenders/split", {"parts": [parts[0], {**parts[1], "share": 0.8}]})
    assert (many.status_code, "come to 110 %" in many.json()["detail"]) == (422, True)
    bad = admin.send("POST", f"{API}/top_spenders/split", {"parts": [{**parts[0], "name": "../x"}]})
    assert bad.status_code == 422
    assert admin.send("POST", f"{API}/nothing/split", {"parts": parts}).status_code == 404
