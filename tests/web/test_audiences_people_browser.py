"""An audience's people in Chromium: what it shares with others, who is in it, and why somebody is not."""

from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, drawn
from web.callers import Caller
from web.example_people import DAYS

from perennial.stages.audiences import evaluate_audiences
from perennial.stages.workspace import Workspace

pytestmark = IN_CHROMIUM
API = "/api/audiences"
COUNTED = "#estimate[data-state=ready]:not([aria-busy])"
COMPARED = "#overlap [data-body]:not([data-stale]) .overlap-bars"


@pytest.mark.parametrize("page", [("admin", "dark")], indirect=True)
def test_a_rule_on_a_list_is_put_together_and_compared_while_it_changes(
    page: Page, airflow: AirflowServer, admin: Caller, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences/new")
    frame.locator('#palette [data-name="stores_3m"]').click()
    frame.get_by_label("Value of Stores 3m").click()
    frame.get_by_role("option", name="343").click()
    frame.wait_for_selector(COUNTED)
    rule = {"all": [{"attribute": "stores_3m", "operator": "includes", "value": "343"}]}
    assert frame.locator("#sentence").inner_text() == "Stores 3m includes 343"
    frame.get_by_label("Compare with").select_option("Top spenders")
    frame.wait_for_selector(COMPARED)
    expected = admin.send("POST", f"{API}/overlap", {"rule": rule, "other": "top_spenders"}).json()
    assert 0 < expected["both"] < expected["size"]
    picture = frame.locator(".overlap-bars").get_attribute("aria-label")
    assert picture == f"150 people in this audience, 90 in “Top spenders”, {expected['both']} in both"
    frame.get_by_label("How Stores 3m is compared").select_option("does not include")
    frame.wait_for_selector('.overlap-bars[aria-label^="75 people"]')
    assert complaints == []


def test_a_person_is_looked_up_and_every_block_says_what_was_found(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences/top_spenders")
    frame.get_by_label("Person").fill("household.7@example.com")
    frame.get_by_label("Person").press("Enter")
    frame.get_by_text("In the audience").wait_for()
    assert "found 1" in frame.locator(".findings").inner_text()
    assert "came in on 31 Dec 2017, and were in as of 1 Jan 2018" in frame.locator("#why").inner_text()
    frame.get_by_label("Person").fill("nobody@example.com")
    frame.get_by_role("button", name="Explain").click()
    frame.get_by_text("Nobody is known as nobody@example.com").wait_for()
    frame.locator("#members").get_by_role("link", name="Why").first.click()
    frame.wait_for_url("**?person=0#why")
    frame.get_by_text("In the audience").wait_for()
    frame.locator(".verdict").get_by_role("link", name="0").click()
    frame.wait_for_url("**/people/0")
    frame.get_by_text("Why not in one of").click()
    frame.get_by_role("link", name="Why not in").first.click()
    frame.get_by_text("Not in the audience").wait_for()
    assert complaints == []


def test_a_failure_is_shown_on_the_list_and_on_the_page(
    page: Page, airflow: AirflowServer, documents: Path, complaints: list[str]
) -> None:
    town = {"attribute": "town", "operator": "known"}
    (documents / "lapsing.yaml").write_text(yaml.safe_dump({"title": "Lapsing", "rule": town}))
    evaluate_audiences(Workspace(airflow.settings), DAYS[-1])
    frame = drawn(page, airflow, "audiences")
    row = frame.locator('[data-name="lapsing"]')
    assert "Could not be evaluated as of 1 Jan 2018: profiles have no town" in row.inner_text()
    assert "as of 31 Dec 2017" in row.locator(".how-many").inner_text()
    assert frame.locator(".failed").count() == 1
    frame.get_by_label("Order").select_option("Most rows read first")
    assert frame.locator(".one").first.get_attribute("data-name") == "big_baskets"
    frame = drawn(page, airflow, "audiences/lapsing")
    assert "nobody enters or leaves it" in frame.locator("#failure").inner_text()
    assert complaints == []


@pytest.mark.parametrize("page", [("vic", "dark")], indirect=True)
def test_who_may_only_look_sees_numbers_and_nobody(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences/top_spenders")
    frame.get_by_label("Compare with").select_option("Big baskets")
    frame.wait_for_selector(COMPARED)
    assert frame.locator("#why, #members").count() == 0
    assert complaints == []
