"""The Queries page in Chromium, inside Airflow's frame: queries are written, run, drawn and remembered."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, frame_of, signed_in

pytestmark = IN_CHROMIUM
SHOPPERS = """SELECT household_id, count(*) AS n FROM events.transactions
WHERE event_date >= $since GROUP BY 1 ORDER BY 2 DESC"""


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the console said in all these tests."""
    return []


@pytest.fixture(scope="module")
def page(browser: Browser, airflow: AirflowServer, filled_lake: Path, said: list[str]) -> Iterator[Page]:
    """A page of somebody who may look, over the lake of `example_lake`; signing in takes its time."""
    shutil.rmtree(airflow.lake, ignore_errors=True)
    shutil.copytree(filled_lake, airflow.lake)
    with signed_in(browser, airflow, "ursel", "light", said) as page:
        yield page


@pytest.fixture
def frame(page: Page, airflow: AirflowServer) -> Frame:
    found = frame_of(page, f"{airflow.url}/plugin/perennial/perennial/queries")
    found.wait_for_selector("html[data-drawn]", state="attached")
    # The page remembers what it was left with.
    found.locator("[data-dialect=lake]").click()
    found.get_by_role("button", name="New", exact=True).click()
    return found


@pytest.fixture(autouse=True)
def _quiet(said: list[str]) -> Iterator[None]:
    yield
    assert said == []


def _done(frame: Frame, state: str = "done") -> None:
    frame.wait_for_selector(f"#result[data-state={state}]")


def test_a_query_is_written_run_drawn_and_found_again(page: Page, frame: Frame) -> None:
    sql = frame.locator("#sql")
    sql.fill(SHOPPERS)
    frame.locator("[name=since]").fill("2017-10-01")
    sql.press("Control+Enter")
    _done(frame)
    expect(frame.locator("#said")).to_contain_text("300 rows")
    expect(frame.locator("#panel-table tbody tr")).to_have_count(100)
    frame.get_by_role("button", name="Next", exact=True).click()
    expect(frame.locator("#pager")).to_contain_text("Rows 101 to 200 of 300")
    assert frame.locator("[data-download=csv]").get_attribute("href")
    frame.get_by_role("tab", name="Chart").click()
    frame.wait_for_selector(".chart-place[data-drawn] svg")
    frame.get_by_role("button", name="New", exact=True).click()
    frame.get_by_role("tab", name="History").click()
    frame.locator("#panel-history .item").first.click()
    expect(sql).to_have_value(SHOPPERS)
    expect(frame.locator("[name=since]")).to_have_value("2017-10-01")


def test_a_mistake_is_marked_where_it_is(frame: Frame) -> None:
    frame.locator("#sql").fill("SELECT household_id,\n    nothing\nFROM events.transactions")
    frame.locator("#run").click()
    _done(frame, "failed")
    expect(frame.locator(".painted .wrong")).to_have_text("nothing")
    expect(frame.locator(".gutter .wrong")).to_have_text("2")
    expect(frame.get_by_role("alert")).to_contain_text("Line 2:")
    frame.locator("#sql").fill("SELECT $missing")
    frame.locator("#run").click()
    expect(frame.get_by_role("alert")).to_contain_text("A value is missing")


def test_a_query_is_cancelled(frame: Frame) -> None:
    frame.locator("#sql").fill(
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"
    )
    frame.locator("#sql").press("Control+Enter")
    frame.get_by_role("button", name="Cancel").click()
    _done(frame, "failed")
    expect(frame.locator("#panel-table")).to_contain_text("The query was cancelled.")
    expect(frame.locator("#cancel")).to_be_hidden()


def test_names_are_found_suggested_and_put_in(page: Page, frame: Frame) -> None:
    frame.get_by_label("Find a table or a column").fill("sales_v")
    expect(frame.locator(".relation .name").first).to_have_text("transactions")
    sql = frame.locator("#sql")
    sql.press_sequentially("SELECT * FROM events.tr")
    expect(frame.locator("#suggestions [aria-selected=true]")).to_contain_text("events.transactions")
    sql.press("Enter")
    expect(sql).to_have_value("SELECT * FROM events.transactions")
    sql.press_sequentially(" WHERE ")
    frame.locator(".column", has_text="sales_value").click()
    expect(sql).to_have_value("SELECT * FROM events.transactions WHERE sales_value")
    frame.locator("[data-dialect=store]").click()
    frame.get_by_label("Find a table or a column").fill("fact_sales")
    frame.locator("summary", has_text="fact_sales_by_day").hover()
    frame.get_by_role("button", name="Select from fact_sales_by_day").click()
    _done(frame)
    expect(frame.locator("#said")).to_contain_text("100 rows")


def test_a_saved_query_asks_for_its_values(frame: Frame) -> None:
    frame.get_by_role("tab", name="Saved").click()
    frame.locator("#panel-saved .item", has_text="Sales of a department").click()
    frame.locator("[name=department]").fill("MEAT")
    frame.locator("#run").click()
    _done(frame)
    expect(frame.locator("#said")).to_contain_text("31 rows")
    frame.get_by_role("tab", name="Scheduled").click()
    expect(frame.locator("#panel-scheduled")).to_contain_text("Shoppers of each day")


def test_the_keyboard_is_not_caught(page: Page, frame: Frame) -> None:
    sql = frame.locator("#sql")
    sql.focus()
    page.keyboard.press("Tab")
    expect(sql).to_have_value("    ")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert frame.evaluate("document.activeElement.id") != "sql"
    tabs = frame.get_by_role("tab", name="Tables")
    tabs.focus()
    page.keyboard.press("ArrowRight")
    expect(frame.get_by_role("tab", name="Saved")).to_have_attribute("aria-selected", "true")


def test_a_phone_shows_all_of_it(page: Page, frame: Frame) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    frame.locator("#sql").fill("SELECT *, event_time AS again FROM events.transactions LIMIT 5")
    frame.locator("#run").click()
    _done(frame)
    width = frame.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert width <= 0
