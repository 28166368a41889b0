"""The Audiences section in Chromium, inside Airflow's frame: audiences are seen, evaluated, listed, ended."""

from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, drawn, turned_dark
from web.building import API, COUNTED, rule_of
from web.callers import Caller

pytestmark = IN_CHROMIUM
PAGES = (
    "audiences",
    "audiences/top_spenders",
    "audiences/new",
    "audiences/new/list",
    "audiences/window_shoppers/edit",
    "audiences/big_baskets/edit",
)


def test_every_page_is_drawn_and_nothing_sticks_out(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    for path in PAGES:
        frame = drawn(page, airflow, path)
        frame.wait_for_selector("main .card")
        assert frame.locator('nav [aria-current="page"]').first.inner_text() == "Audiences", path
        for width in (800, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
        turned_dark(page, frame)
    assert complaints == []


def test_an_audience_is_evaluated_deactivated_and_deleted(
    page: Page, airflow: AirflowServer, documents: Path, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences/window_shoppers")
    frame.wait_for_function("() => document.querySelector('#evaluation input').value === '2018-01-01'")
    runs = f"{airflow.url}/api/v2/dags/audiences/dagRuns"
    with page.expect_response(lambda answer: answer.url == runs and answer.request.method == "POST") as sent:
        frame.get_by_role("button", name="Evaluate now").click()
    run = sent.value.json()
    assert run["conf"] == {"as_of": "2018-01-01"}
    frame.wait_for_selector('#evaluation p[data-state="queued"]')
    done = {"state": "success"}
    airflow.session("admin").patch(f"{runs}/{run['dag_run_id']}", json=done, timeout=30).raise_for_status()
    frame.wait_for_selector('#evaluation p[data-state="success"]')
    frame.get_by_role("button", name="Deactivate").click()
    frame.get_by_role("button", name="Publish").wait_for()
    assert yaml.safe_load((documents / "window_shoppers.yaml").read_text())["state"] == "inactive"
    frame.get_by_role("button", name="Delete…").click()
    frame.get_by_role("button", name="Delete", exact=True).click()
    frame.wait_for_url("**/audiences")
    assert not (documents / "window_shoppers.yaml").exists()
    frame = drawn(page, airflow, "audiences/top_spenders")
    assert frame.get_by_role("button", name="Delete…").is_disabled()
    assert "Best customers, gone quiet" in frame.locator("#delete-why").inner_text()
    assert complaints == []


def test_a_list_is_uploaded_split_and_built_on(
    page: Page, airflow: AirflowServer, admin: Caller, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences")
    frame.get_by_role("link", name="New list").click()
    frame.wait_for_url("**/audiences/new/list")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    frame.get_by_label("Title").fill("Guests")
    frame.get_by_label("People are named by").select_option("email")
    frame.get_by_label("How long an entry counts").fill("90")
    frame.get_by_role("button", name="Publish").click()
    frame.wait_for_url("**/audiences/guests")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    addresses = [f"Household.{number}@example.com" for number in range(40)]
    text = "\n".join(["email", *addresses, "n/a", "nobody@example.com"]).encode()
    frame.get_by_label("File").set_input_files({"name": "g.csv", "mimeType": "text/csv", "buffer": text})
    frame.get_by_role("button", name="Upload").click()
    frame.locator("#list [data-said].warn").wait_for()
    assert "1 row is not valid: line 42." in frame.locator("#list [data-said]").inner_text()
    frame.get_by_text("40 of 41 identities lead to somebody with a profile: 40 people.").wait_for()
    assert "admin added 42 41 0 1 0" in " ".join(frame.locator("#list tbody tr").inner_text().split())
    frame.get_by_role("button", name="Split…").click()
    frame.get_by_label("Percent").nth(0).fill("30.5")
    assert frame.locator("#splitter [data-said]").inner_text() == "19.5 % of the people are in no part."
    frame.get_by_role("button", name="Another part").click()
    frame.get_by_label("Title of the part").nth(2).fill("Guests, rest")
    frame.get_by_role("button", name="Create drafts").click()
    frame.get_by_role("link", name="Guests, rest").click()
    frame.get_by_role("link", name="Edit").click()
    frame.wait_for_selector(COUNTED)
    share = {"share": 0.195, "after": 0.805, "seed": "guests"}
    assert rule_of(frame) == {"all": [{"audience": "guests"}, share]}
    frame.get_by_label("In the audience, or not").select_option("out")
    frame.get_by_role("button", name="Only the first of them").click()
    frame.get_by_label("By which attribute").select_option("spend_12m")
    frame.get_by_label("How many people").fill("7")
    frame.get_by_label("Greatest or least").select_option("least")
    rule = {"all": [{"none": [{"audience": "guests"}]}, share]}
    assert rule_of(frame) == rule
    frame.get_by_role("button", name="Save draft").click()
    frame.wait_for_selector("#saved.good")
    saved = admin.get(f"{API}/guests_rest").json()["definition"]
    assert (saved["rule"], saved["top"]) == (rule, {"by": "spend_12m", "most": 7, "least_first": True})
    frame.wait_for_selector(COUNTED)
    assert frame.locator("#estimate .size strong").inner_text() == "7"
    assert complaints == []


@pytest.mark.parametrize("page", [("vic", "light")], indirect=True)
def test_who_may_only_look_can_change_nothing(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences")
    assert frame.get_by_role("link", name="New audience").count() == 0
    frame = drawn(page, airflow, "audiences/lapsing")
    frame.get_by_role("link", name="See the rule").click()
    frame.wait_for_url("**/edit")
    frame.wait_for_selector(COUNTED)
    assert frame.locator("#canvas").locator("input:enabled, select:enabled, button:enabled").count() == 0
    assert frame.get_by_role("button", name="Publish").count() == 0
    assert complaints == []
