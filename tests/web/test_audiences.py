"""Audiences as JSON: what the pages ask for, and what may be changed by whom."""

from datetime import date

import pytest
import yaml

from perennial.settings import REPOSITORY
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.usefixtures("documents")
API = "/api/audiences"
DAY = date(2018, 1, 1)
TOP = {"attribute": "spend_12m_decile", "operator": "at_most", "value": 3}


def definition(rule: dict, **more: object) -> dict:
    return {"title": "New", "rule": rule, **more}


def test_all_audiences_come_with_their_day_and_definition(viewer):
    listed = {each["name"]: each for each in viewer.get(API).json()["audiences"]}
    assert set(listed) == {file.stem for file in (REPOSITORY / "include/audiences").glob("*.yaml")}
    top = listed["top_spenders"]
    assert top["evaluated"] | {"at": "", "seconds": ""} == {
        "as_of": "2018-01-01", "size": 90, "entered": 0, "exited": 0, "current": True, "snapshot": 1,
        "at": "", "definition_hash": top["definition_hash"], "rows": 300, "seconds": "",
    }  # fmt: skip
    assert 0 < top["evaluated"]["seconds"] < listed["big_baskets"]["evaluated"]["seconds"]
    assert top["failure"] is None
    assert top["sentence"] == "spend 12m decile is at most 3"
    assert listed["window_shoppers"]["evaluated"]["size"] == 0, "evaluated, and empty"
    assert listed["big_baskets"]["evaluated"]["size"] > 0


def test_one_audience_tells_its_trend_and_who_needs_it(viewer):
    shown = viewer.get(f"{API}/top_spenders").json()
    assert [each["as_of"] for each in shown["trend"]] == ["2017-12-31", "2018-01-01"]
    assert [(each["kind"], each["name"]) for each in shown["consumers"]] == [
        ("audience", "best_gone_quiet"),
        ("activation", "agency"),
        ("activation", "email"),
    ]
    assert yaml.safe_load(shown["yaml"])["rule"] == TOP == shown["definition"]["rule"]
    assert viewer.get(f"{API}/best_gone_quiet").json()["uses"] == ["top_spenders"]
    assert viewer.get(f"{API}/nobody").status_code == 404


def test_blocks_are_what_profiles_and_datasets_have(viewer):
    blocks = viewer.get(f"{API}/blocks").json()
    attributes = {each["name"]: each for each in blocks["attributes"]}
    assert attributes["spend_12m_decile"]["kind"] == "number"
    assert attributes["department.spend_3m"]["keys"] == ["DELI", "GROCERY", "PRODUCE"]
    assert (attributes["stores_3m"]["kind"], attributes["stores_3m"]["items"]) == ("list", "text")
    assert attributes["stores_3m"]["group"] == "Computed from events"
    assert attributes["age"]["group"] == "What is known of the households"
    assert not {"identities", "as_of", "person_id"} & set(attributes)
    fields = {each["name"]: {f["name"]: f["kind"] for f in each["fields"]} for each in blocks["events"]}
    assert fields["transactions"]["sales_value"] == "number"
    assert fields["email_events"]["event_type"] == "text"
    assert {each["name"]: each["takes"] for each in blocks["operators"]["date"]}["within_last"] == "span"
    assert "contains" not in {each["name"] for each in blocks["operators"]["number"]}


def test_values_are_counted_and_searched(viewer):
    ages = viewer.get(f"{API}/values", attribute="age").json()
    assert ages["distinct"] == 6
    assert sum(each["count"] for each in ages["values"]) + ages["missing"] == 300
    assert [
        v["value"] for v in viewer.get(f"{API}/values", attribute="age", search="65").json()["values"]
    ] == ["65+"]
    products = viewer.get(f"{API}/values", event="transactions", field="product_id").json()
    assert products["distinct"] == 50
    stores = viewer.get(f"{API}/values", attribute="stores_3m").json()
    # A quarter of the people each has three of them, two, one, and none.
    assert stores["values"] == [
        {"value": "381", "count": 225},
        {"value": "343", "count": 150},
        {"value": "367", "count": 75},
    ]
    refused = viewer.get(f"{API}/values", attribute="town")
    assert (refused.status_code, "have no town" in refused.json()["detail"]) == (422, True)


def test_estimates_are_exact_and_explain_themselves(viewer, admin):
    rule = {
        "all": [TOP, {"event": "transactions", "operator": "at_least", "value": 10, "within_last": "30 days"}]
    }
    found = admin.send("POST", f"{API}/estimate", {"rule": rule}).json()
    assert viewer.send("POST", f"{API}/estimate", {"rule": rule}).json()["sample"] == []
    assert found["people"] == 300
    assert 0 < found["size"] < 90
    assert (found["as_of"], found["snapshot"]) == ("2018-01-01", 1)
    assert found["share"] == found["size"] / 300
    assert {each["namespace"]: each["people"] for each in found["namespaces"]} == {
        "household": found["size"],
        "email": found["size"],
    }
    assert found["namespaces"][0]["title"] in ("Household", "E-mail address")
    assert all(each["spend_12m_decile"] <= 3 for each in found["sample"])
    assert found["sentence"].startswith("spend 12m decile is at most 3 and “")
    nested = viewer.send("POST", f"{API}/estimate", {"rule": {"none": [{"audience": "top_spenders"}]}}).json()
    assert nested["size"] == 210


@pytest.mark.parametrize(
    ("rule", "path", "message"),
    [
        ({"all": [TOP, {"attribute": "town", "operator": "known"}]}, "all[1]", "profiles have no town"),
        ({"all": [{"event": "sales"}]}, "all[0].event", "no dataset sales"),
        ({"any": [{"attribute": "age", "operator": "equals"}]}, "any[0]", "operator equals takes one value"),
        ({"any": [{"audience": "vip"}]}, "any[0]", "there is no published audience vip"),
    ],
)
def test_mistakes_are_told_at_their_places(viewer, rule, path, message):
    answer = viewer.send("POST", f"{API}/estimate", {"rule": rule})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["path"] == path
    assert message in error["message"]


def test_an_audience_is_drafted_published_changed_and_deleted(admin, include, airflow):
    rule = {"attribute": "age", "operator": "one_of", "value": ["19-24", "25-34"]}
    drafted = admin.send(
        "PUT", f"{API}/young", {"definition": definition(rule, state="draft"), "before": None}
    )
    assert drafted.status_code == 200, drafted.text
    assert drafted.json()["evaluated"] is None
    before = drafted.json()["definition_hash"]
    again = admin.send("PUT", f"{API}/young", {"definition": definition(rule), "before": None})
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    published = admin.send("PUT", f"{API}/young", {"definition": definition(rule), "before": before})
    assert published.status_code == 200, published.text
    workspace = Workspace(airflow.settings)
    evaluate_audiences(workspace, DAY)
    evaluated = admin.get(f"{API}/young").json()["evaluated"]
    assert evaluated["current"]
    assert evaluated["size"] == admin.send("POST", f"{API}/estimate", {"rule": rule}).json()["size"] > 0
    other = admin.send("PUT", f"{API}/young", {"definition": definition(TOP), "before": before}).json()
    assert not other["evaluated"]["current"]
    late = admin.send("PUT", f"{API}/young", {"definition": definition(rule), "before": before})
    assert (late.status_code, "meanwhile" in late.json()["detail"]) == (409, True)
    back = {"definition": definition(TOP, state="draft"), "before": other["definition_hash"]}
    assert admin.send("PUT", f"{API}/young", back).status_code == 409
    assert yaml.safe_load((include / "audiences/young.yaml").read_text())["rule"] == TOP
    assert admin.send("DELETE", f"{API}/young", {}).status_code == 200
    assert not (include / "audiences/young.yaml").exists()


def test_what_others_need_stays(admin):
    refused = admin.send("DELETE", f"{API}/top_spenders", {})
    assert refused.status_code == 409
    told = refused.json()["detail"]
    assert "the audience “Best customers, gone quiet”, the activation “Our best customers" in told
    assert "the activation “Newsletter" in told
    shown = admin.get(f"{API}/top_spenders").json()
    change = {"definition": shown["definition"] | {"state": "inactive"}, "before": shown["definition_hash"]}
    assert admin.send("PUT", f"{API}/top_spenders", change).status_code == 409


def test_only_a_rule_that_fits_is_published_and_a_draft_may_wait_for_its_data(admin):
    rule = {"attribute": "town", "operator": "known"}
    refused = admin.send("PUT", f"{API}/town", {"definition": definition(rule), "before": None})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "")
    draft = {"definition": definition(rule, state="draft"), "before": None}
    assert admin.send("PUT", f"{API}/town", draft).status_code == 200


def test_who_may_not_evaluate_may_look_and_estimate(viewer):
    assert viewer.send("POST", f"{API}/estimate", {"rule": TOP}).status_code == 200
    assert (
        viewer.send("PUT", f"{API}/new", {"definition": definition(TOP), "before": None}).status_code == 403
    )
    assert viewer.send("DELETE", f"{API}/lapsing", {}).status_code == 403


def test_other_sites_can_have_a_browser_send_nothing(admin):
    for headers in ({}, {"sec-fetch-site": "cross-site"}):
        body = {"definition": definition(TOP), "before": None}
        assert admin.send("PUT", f"{API}/new", body, headers).status_code == 403
        assert admin.send("POST", f"{API}/estimate", {"rule": TOP}, headers).status_code == 403


@pytest.mark.parametrize("name", ["../x", "Top", "a b", "x" * 101, "new"])
def test_names_are_no_paths(admin, name):
    answer = admin.send("PUT", f"{API}/{name}", {"definition": definition(TOP), "before": None})
    assert answer.status_code in (404, 405, 422)
