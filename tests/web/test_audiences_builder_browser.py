"""The audience builder in Chromium: from nothing to a published audience, by mouse, keys and dragging."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, drawn
from web.building import API, COUNTED, add, rule_of
from web.callers import Caller

pytestmark = IN_CHROMIUM


def test_from_an_empty_page_to_a_published_audience(
    page: Page, airflow: AirflowServer, documents: Path, admin: Caller, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences")
    frame.get_by_role("link", name="New audience").click()
    frame.wait_for_url("**/audiences/new")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    frame.get_by_label("Title").fill("Young & Frequent")
    assert frame.locator('[name="name"]').input_value() == "young_frequent"
    add(frame, "age")
    frame.get_by_role("option", name="19-24").click()
    frame.get_by_role("option", name="25-34").click()
    add(frame, "transactions")
    frame.get_by_label("Number", exact=True).fill("5")
    frame.get_by_role("button", name="Only some of them").click()
    frame.get_by_label("Field", exact=True).select_option("quantity")
    frame.get_by_label("Value of Quantity").fill("2")
    frame.wait_for_selector(COUNTED)
    rule = {
        "all": [
            {"attribute": "age", "operator": "one_of", "value": ["19-24", "25-34"]},
            {
                "event": "transactions",
                "operator": "at_least",
                "value": 5,
                "within_last": "30 days",
                "where": {"field": "quantity", "operator": "at_least", "value": 2},
            },
        ]
    }
    assert rule_of(frame) == rule
    frame.wait_for_selector(COUNTED)
    counted = admin.send("POST", f"{API}/estimate", {"rule": rule}).json()
    assert counted["size"] > 0
    assert frame.locator("#estimate .size strong").inner_text() == str(counted["size"])
    assert "of 300 people, as of 1 Jan 2018" in frame.locator("#estimate .of").inner_text()
    assert frame.locator("#sentence").inner_text().lower() == counted["sentence"].lower()
    frame.get_by_role("button", name="Publish").click()
    frame.wait_for_url("**/audiences/young_frequent")
    frame.get_by_role("heading", name="Young & Frequent").wait_for()
    kept = yaml.safe_load((documents / "young_frequent.yaml").read_text())
    assert (kept["title"], kept["rule"]["all"][0]) == ("Young & Frequent", rule["all"][0])
    assert "Not evaluated yet" in frame.locator("#size").inner_text()
    assert complaints == []


def test_a_rule_is_put_together_with_the_keyboard_alone(
    page: Page, airflow: AirflowServer, admin: Caller, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences/new")
    keys = page.keyboard
    frame.wait_for_function("() => document.activeElement.name === 'title'")
    keys.type("Keys only")
    for _ in range(20):
        if frame.evaluate("document.activeElement.matches('#palette input')"):
            break
        keys.press("Tab")
    keys.type("12m decile")
    keys.press("Enter")
    keys.type("4")
    keys.press("Shift+Tab")
    keys.type("is at most")
    for _ in range(2):
        frame.evaluate("document.activeElement.blur()")
        keys.press("/")
        assert frame.evaluate("document.activeElement.matches('#palette input')")
        keys.type("random")
        keys.press("ArrowDown")
        keys.press("Enter")
        frame.wait_for_function("() => document.activeElement.type === 'number'")
    assert [*_kinds(rule_of(frame)["all"])] == ["attribute", "share", "share"]
    frame.locator(".grip").nth(2).focus()
    keys.press("Delete")
    frame.locator(".grip").nth(1).focus()
    keys.press("ArrowUp")
    assert [*_kinds(rule_of(frame)["all"])] == ["share", "attribute"]
    frame.locator(".grip").nth(1).focus()
    keys.press("Control+z")
    keys.press("Control+z")
    assert [*_kinds(rule_of(frame)["all"])] == ["attribute", "share", "share"]
    frame.locator(".grip").first.focus()
    keys.press("Control+Shift+Z")
    frame.wait_for_selector(COUNTED)
    frame.get_by_role("button", name="Save draft").focus()
    keys.press("Enter")
    frame.wait_for_url("**/audiences/keys_only/edit")
    saved = admin.get(f"{API}/keys_only").json()["definition"]
    decile, share = saved["rule"]["all"]
    assert saved["state"] == "draft"
    assert decile == {"attribute": "spend_12m_decile", "operator": "at_most", "value": 4}
    assert share == {"share": 0.1, "seed": "keys_only"}
    assert complaints == []


def _kinds(rules: list[dict[str, Any]]) -> Iterator[str]:
    kinds = ("attribute", "event", "sequence", "audience", "share")
    return (next((kind for kind in kinds if kind in rule), "group") for rule in rules)


def test_blocks_are_dragged_into_groups_and_between_them(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, "audiences/lapsing/edit")
    before = rule_of(frame)["all"]
    frame.get_by_role("button", name="Group").click()
    inner = frame.locator(".group .group")
    grip = ".group[data-node] > .rules > li:first-child > .block [data-grip]"
    frame.locator(grip).first.drag_to(inner.locator(".void"))
    assert rule_of(frame) == {"all": [before[1], {"any": [before[0]]}]}
    share = frame.locator('#palette [data-name="share"]')
    share.scroll_into_view_if_needed()
    share.drag_to(inner.locator(".rules > li").first, target_position={"x": 80, "y": 3})
    assert [*_kinds(rule_of(frame)["all"][1]["any"])] == ["share", "attribute"]
    inner.locator(".block[data-kind=share]").get_by_role("button", name="Remove").click()
    assert rule_of(frame) == {"all": [before[1], {"any": [before[0]]}]}
    inner.locator(".group-head summary").click()
    inner.get_by_role("button", name="Ungroup").click()
    assert rule_of(frame) == {"all": [before[1], before[0]]}
    assert complaints == []
