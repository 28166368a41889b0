"""A dashboard in Chromium, inside Airflow's frame, from nothing to a PDF: made, arranged, saved, printed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, drawn
from web.callers import Caller
from web.pdf_text import pages as texts

pytestmark = IN_CHROMIUM
API = "/api/dashboards"
DOCUMENT = """
title: Sales at a glance
widgets:
  - id: spend
    title: Spend
    width: 4
    mark: number
    sql: SELECT sum(spend) AS spend FROM fact_sales_by_day WHERE date_key <= $day
    y: {column: spend, format: money}
  - id: by_day
    title: Spend by day
    mark: line
    sql: |
      SELECT date_key, sum(spend) AS spend FROM fact_sales_by_day
      WHERE date_key BETWEEN $from_day AND $day GROUP BY date_key ORDER BY date_key
    x: date_key
    y: {column: spend, format: money}
  - id: best
    title: Best days
    mark: table
    sql: SELECT date_key, sum(spend) AS spend FROM fact_sales_by_day GROUP BY 1 ORDER BY 2 DESC LIMIT 5
"""


@pytest.fixture
def nothing_kept(airflow: AirflowServer) -> Iterator[Caller]:
    """Deletes what a test has made."""
    caller = Caller(airflow, "admin")
    yield caller
    for one in caller.get(API).json():
        if not one["provisioned"]:
            version = caller.get(f"{API}/{one['name']}/versions").json()["versions"][0]["version"]
            caller.send("DELETE", f"{API}/{one['name']}", {"before": version})


def _order(frame: Frame) -> list[str]:
    order: list[str] = frame.evaluate(
        "[...document.querySelectorAll('.grid [data-widget]')].map(n => n.dataset.widget)"
    )
    return order


def _drag(page: Page, start: Any, to: tuple[float, float]) -> None:
    box = start.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(*to, steps=6)
    page.mouse.up()


def test_a_dashboard_is_made_arranged_saved_duplicated_printed_and_deleted(
    page: Page, airflow: AirflowServer, nothing_kept: Caller, complaints: list[str], tmp_path: Path
) -> None:
    frame = drawn(page, airflow, "dashboards")
    frame.get_by_role("button", name="New dashboard").click()
    frame.get_by_label("Title").fill("Sales at a glance")
    expect(frame.get_by_label("Name, in its address")).to_have_value("sales_at_a_glance")
    frame.get_by_role("button", name="Create").click()
    frame.wait_for_selector("html[data-drawn] #code", state="attached")

    # Widgets come as a document.
    frame.get_by_role("button", name="Document").click()
    frame.locator("#writing textarea").fill(DOCUMENT.replace("mark: table", "mark: pie"))
    frame.get_by_role("button", name="Apply").click()
    expect(frame.locator("#writing-said")).to_contain_text("widgets.2.mark")
    frame.locator("#writing textarea").fill(DOCUMENT)
    frame.get_by_role("button", name="Apply").click()
    tile = {name: frame.locator(f'[data-widget="{name}"]') for name in ("spend", "by_day", "best")}
    for one in tile.values():
        expect(one).to_have_attribute("data-state", "drawn")
    assert _order(frame) == ["spend", "by_day", "best"]

    # By keys: moved, made wider and taller, and undone.
    tile["by_day"].locator("[data-grip]").press("ArrowLeft")
    assert _order(frame) == ["by_day", "spend", "best"]
    tile["by_day"].locator("[data-size]").press("ArrowRight")
    tile["by_day"].locator("[data-size]").press("ArrowDown")
    expect(tile["by_day"]).to_have_class("card widget is-line w-7 h-large")
    frame.get_by_role("button", name="Undo").click()
    expect(tile["by_day"]).to_have_class("card widget is-line w-7 h-medium")

    # By mouse: the last one before the first one, and narrower.
    goal = tile["by_day"].bounding_box()
    assert goal is not None
    _drag(page, tile["best"].locator("[data-grip]"), (goal["x"] + 20, goal["y"] + 80))
    assert _order(frame) == ["best", "by_day", "spend"]
    corner = tile["best"].locator("[data-size]").bounding_box()
    assert corner is not None
    _drag(
        page,
        tile["best"].locator("[data-size]"),
        (corner["x"] - goal["width"] / 7 * 2 + 10, corner["y"] + 10),
    )
    expect(tile["best"]).to_have_class("card widget is-table w-4 h-medium")
    frame.get_by_role("button", name="Save").click()
    expect(frame.locator("#saved")).to_have_text("Version 2 is saved")

    # What was saved is there, for everybody; what was not is kept by the browser.
    frame = drawn(page, airflow, "dashboards/sales_at_a_glance")
    assert _order(frame) == ["best", "by_day", "spend"]
    frame.get_by_role("link", name="Edit").click()
    frame.wait_for_selector("html[data-drawn] #save", state="attached")
    frame.locator('[data-widget="spend"] summary').click()
    frame.get_by_role("button", name="Delete").click()
    assert _order(frame) == ["best", "by_day"]
    frame.get_by_role("link", name="Done").click()
    frame.get_by_role("button", name="Stay").click()
    frame.get_by_role("button", name="History").click()
    expect(frame.locator(".versions li")).to_have_count(2)
    frame.get_by_role("button", name="Close").click()
    frame.get_by_role("button", name="Undo").click()
    expect(frame.locator("#saved")).to_have_text("Version 2 is saved")

    # Taken away as a PDF, and duplicated.
    frame = drawn(page, airflow, "dashboards/sales_at_a_glance")
    frame.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        frame.get_by_role("link", name="PDF of all of it").click()
    download.value.save_as(tmp_path / "board.pdf")
    said = "".join(texts((tmp_path / "board.pdf").read_bytes()))
    for words in ("Sales at a glance", "Spend by day", "Best days", "As of 31 Dec 2017", "Page 1 of"):
        assert words in said
    frame.get_by_role("link", name="Duplicate").click()
    frame.wait_for_selector("html[data-drawn] #naming[open]", state="attached")
    frame.get_by_label("Title").fill("Another one")
    frame.locator("#naming").get_by_role("button", name="Duplicate").click()
    frame.wait_for_selector("html[data-drawn] #code", state="attached")
    expect(frame.locator(".as-title")).to_have_value("Another one")
    expect(frame.locator(".grid [data-widget]")).to_have_count(3)

    # Deleted; the other one stays.
    frame = drawn(page, airflow, "dashboards")
    frame.get_by_label("Find").fill("admin")
    expect(frame.locator(".board-card:visible")).to_have_count(2)
    card = frame.locator('[data-name="sales_at_a_glance"]')
    card.locator("summary").click()
    card.get_by_role("button", name="Delete").click()
    frame.locator("#deleting").get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)
    assert nothing_kept.get(f"{API}/sales_at_a_glance").status_code == 404
    assert nothing_kept.get(f"{API}/another_one").json()["title"] == "Another one"
    # Chromium tells of the document that was refused.
    assert [one for one in complaints if "422" not in one] == []


def test_what_was_explored_goes_to_a_dashboard_where_a_text_explains_it(
    page: Page, airflow: AirflowServer, nothing_kept: Caller, complaints: list[str]
) -> None:
    page.goto(f"{airflow.url}/perennial/compose")
    page.get_by_label("Table", exact=True).first.select_option("fact_sales_by_day")
    page.get_by_role("radio", name="Table").click()
    for name in ("department", "spend"):
        page.locator(f'.attribute[data-id="fact_sales_by_day.{name}"]').press("Enter")
    page.get_by_label("Sorted by").select_option(label="Sum of spend, descending")
    expect(page.locator(".stage-area tbody td").first).to_have_text("GROCERY")
    page.get_by_role("button", name="Add to a dashboard").click()
    page.locator("#placing select").select_option("")
    page.get_by_label("Its title").fill("Explored")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/dashboards/explored")
    widget = nothing_kept.get(f"{API}/explored").json()["widgets"][0]
    assert widget["query"]["sort"] == "-sum_of_spend"

    frame = drawn(page, airflow, "dashboards/explored/edit")
    frame.get_by_role("button", name="Add a text").click()
    frame.locator("#texting").get_by_label("Title").fill("What it says")
    frame.get_by_label("Text, in Markdown").fill("See [all](customer_value) <b>here</b>")
    expect(frame.locator("#texting .prose a")).to_have_text("all")
    frame.get_by_role("button", name="Apply").click()
    frame.get_by_role("button", name="Filters").click()
    frame.get_by_role("button", name="Add a filter").click()
    frame.get_by_label("Values of").select_option("fact_sales_by_day.department")
    frame.locator("#filtering").get_by_role("button", name="Apply").click()
    frame.get_by_role("button", name="Save").click()
    expect(frame.locator('[data-filter="department"]')).to_be_visible()
    frame = drawn(page, airflow, "dashboards/explored?department=DELI&department=MEAT")
    expect(frame.locator('[data-filter="department"] [data-chosen]')).to_have_text("2 of 15")
    expect(frame.locator("tbody tr")).to_have_count(2)
    expect(frame.locator('[data-widget="what_it_says"] .prose')).to_have_text("See all <b>here</b>")

    # From one dashboard to another, by keys.
    frame = drawn(page, airflow, "dashboards/sales")
    frame.locator("#switch summary").press("Enter")
    frame.get_by_label("Find a dashboard").fill("explored")
    expect(frame.locator("#switch a:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(frame.locator("h1")).to_have_text("Explored")
    assert complaints == []


@pytest.mark.parametrize("page", [("vic", "dark")], indirect=True)
def test_a_viewer_sees_no_way_to_change_anything(
    page: Page, airflow: AirflowServer, nothing_kept: Caller, complaints: list[str]
) -> None:
    nothing_kept.send("PUT", f"{API}/seen", {"document": {"title": "Seen", "widgets": []}})
    frame = drawn(page, airflow, "dashboards")
    expect(frame.locator('[data-name="seen"]')).to_be_visible()
    for name in ("New dashboard", "Duplicate", "Delete"):
        expect(frame.get_by_role("button", name=name)).to_have_count(0)
    frame = drawn(page, airflow, "dashboards/seen/edit")
    assert frame.url.endswith("/dashboards/seen")
    expect(frame.get_by_role("link", name="Edit")).to_have_count(0)
    assert complaints == []
