"""Audiences as JSON, the people's part: overlaps for all, people for editors alone."""

import pytest
import yaml
from web.example_people import DAYS

from perennial.stages.audiences import evaluate_audiences
from perennial.stages.workspace import Workspace

API = "/api/audiences"
pytestmark = pytest.mark.usefixtures("documents")
TOP = {"attribute": "spend_12m_decile", "operator": "at_most", "value": 3}


def test_a_rule_is_compared_with_an_audience_while_it_is_put_together(viewer):
    half = {"attribute": "spend_12m_decile", "operator": "between", "value": [3, 7]}
    found = viewer.send("POST", f"{API}/overlap", {"rule": half, "other": "top_spenders"}).json()
    # Thirty people in each decile.
    assert (found["size"], found["other_size"], found["both"], found["people"]) == (150, 90, 30, 300)
    assert (found["share"], found["other_share"], found["jaccard"]) == (30 / 150, 30 / 90, 30 / 210)
    assert (found["as_of"], found["other_title"]) == ("2018-01-01", "Top spenders")
    estimate = viewer.send("POST", f"{API}/estimate", {"rule": half}).json()
    assert (estimate["size"], estimate["snapshot"]) == (150, found["snapshot"])


def test_an_audience_is_compared_as_it_is(viewer):
    asked = {"name": "best_gone_quiet", "other": "top_spenders"}
    found = viewer.send("POST", f"{API}/overlap", asked).json()
    assert found["size"] == found["both"] <= found["other_size"] == 90
    assert found["share"] in (0.0, 1.0)


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"rule": TOP, "other": "nix"}, 422, "there is no published audience nix"),
        ({"name": "nix", "other": "top_spenders"}, 404, "no such audience"),
        ({"rule": {"attribute": "town", "operator": "known"}, "other": "top_spenders"}, 422, "have no town"),
        ({"rule": TOP}, 422, ""),
    ],
)
def test_what_cannot_be_compared_is_said(viewer, asked, status, said):
    answer = viewer.send("POST", f"{API}/overlap", asked)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_members_and_why_they_are_members_are_for_editors(viewer, admin):
    for address in ("members", "eligibility?person=7"):
        assert viewer.get(f"{API}/top_spenders/{address}").status_code == 403
    members = admin.get(f"{API}/top_spenders/members").json()["members"]
    assert len(members) == 20
    assert {row["first_qualified"] for row in members} == {"2017-12-31"}
    found = admin.get(f"{API}/top_spenders/eligibility", person="Household.7@Example.com").json()
    assert found["people"] == [{"person_id": "7", "namespace": "email", "value": "household.7@example.com"}]
    (finding,) = found["explanation"]["findings"]
    assert (finding["text"], finding["holds"], finding["found"]) == ("spend 12m decile is at most 3", True, 1)
    assert found["explanation"]["member"] is True
    not_there = admin.get(f"{API}/top_spenders/eligibility", person="299").json()["explanation"]
    assert (not_there["member"], not_there["findings"][0]["found"]) == (False, 10)
    nobody = admin.get(f"{API}/top_spenders/eligibility", person="nobody@example.com").json()
    assert nobody == {"people": [], "explanation": None}
    assert admin.get(f"{API}/nix/eligibility", person="7").status_code == 404


def test_an_audience_that_could_not_be_evaluated_says_so_beside_what_was_known(admin, documents, airflow):
    before = admin.get(f"{API}/top_spenders").json()
    path = documents / "top_spenders.yaml"
    town = {"all": [TOP, {"attribute": "town", "operator": "known"}]}
    path.write_text(yaml.safe_dump({"title": "Top spenders", "rule": town}))
    evaluate_audiences(Workspace(airflow.settings), DAYS[-1])
    shown = {each["name"]: each for each in admin.get(API).json()["audiences"]}
    failed = shown["top_spenders"]
    assert failed["evaluated"]["as_of"] == "2017-12-31"
    assert failed["evaluated"]["size"] == before["trend"][0]["size"]
    assert failed["failure"]["message"].startswith("all[1]: profiles have no town; they have ")
    assert (failed["failure"]["as_of"], failed["failure"]["current"]) == ("2018-01-01", True)
    assert "top_spenders: all[1]" in shown["best_gone_quiet"]["failure"]["message"]
    assert shown["big_baskets"]["failure"] is None
    assert shown["big_baskets"]["evaluated"]["as_of"] == "2018-01-01"
