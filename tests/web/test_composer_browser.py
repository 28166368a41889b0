"""The composer in Chromium: a bar chart and a table from nothing, by mouse, keys and menus, then SQL."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, signed_in

pytestmark = IN_CHROMIUM
SALES = "fact_sales_by_day"
EXPECTED_REFUSAL = "422 (Unprocessable Entity)"


@pytest.fixture
def page(
    browser: Browser, airflow: AirflowServer, complaints: list[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    with signed_in(browser, airflow, "admin", request.param, complaints) as page:
        page.goto(f"{airflow.url}/perennial/compose")
        page.get_by_label("Table", exact=True).first.select_option(SALES)
        yield page


def _column(page: Page, name: str) -> Any:
    return page.locator(f'.attribute[data-id="{SALES}.{name}"]')


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_bar_chart_and_a_table_are_composed_from_nothing(page: Page, complaints: list[str]) -> None:
    _column(page, "spend").drag_to(page.locator('.shelf[data-role="x"]'))
    _column(page, "department").focus()
    page.keyboard.press("y")
    chart = page.locator(".stage-area svg")
    expect(chart).to_have_attribute(
        "aria-label", "Sum of spend by department. Bar chart of Department by Sum of spend."
    )
    expect(page.locator("[data-status]")).to_contain_text("15 rows")

    page.get_by_label("Top", exact=True).fill("3")
    page.get_by_label("Top", exact=True).press("Enter")
    expect(page.locator("[data-status]")).to_contain_text("3 rows")
    expect(chart).to_contain_text("GROCERY")
    page.get_by_role("button", name="Add a line").click()
    page.get_by_label("Line at").fill("a lot")
    page.get_by_label("Line at").press("Enter")
    assert page.get_by_label("Line at").evaluate("node => node.validationMessage") == (
        "A number, or a day such as 2017-12-24"
    )
    page.get_by_label("Line at").fill("1200")
    page.get_by_label("Line at").press("Enter")
    page.get_by_label("Line 1 lies").select_option("on X")
    page.get_by_label("Says", exact=True).fill("Aim")
    page.get_by_label("Says", exact=True).press("Enter")
    expect(chart).to_contain_text("Aim")
    page.get_by_role("button", name="Remove line 1").click()
    expect(chart).not_to_contain_text("Aim")
    page.get_by_role("button", name="Swap X and Y").click()
    expect(page.locator('.shelf[data-role="x"]')).to_contain_text("Department")

    page.get_by_label("Put a column on Filters").select_option(f"{SALES}.department")
    page.locator('[data-focus="filters:1"]').click()
    page.locator(".values").get_by_label("GROCERY").check()
    page.keyboard.press("Escape")
    expect(chart).not_to_contain_text("GROCERY")

    page.get_by_role("radio", name="Table").click()
    expect(page.locator(".stage-area tbody tr")).to_have_count(3)
    expect(page.locator(".stage-area th")).to_have_text(["Department", "Sum of spend"])
    page.get_by_role("button", name="Sample records").click()
    expect(page.locator(".stage-area th").first).to_have_text("date_key")
    assert complaints == []


@pytest.mark.parametrize("page", ["dark"], indirect=True)
def test_sql_goes_on_from_what_was_composed_and_says_what_is_wrong(page: Page, complaints: list[str]) -> None:
    _column(page, "spend").click()
    _column(page, "department").click()
    switch = page.get_by_role("button", name="Switch to SQL")
    expect(switch).to_be_enabled()
    switch.click()
    area = page.get_by_label("SQL", exact=True).and_(page.locator("textarea"))
    expect(area).to_be_visible()
    assert '"date_key" = $day' in area.input_value()
    expect(page.locator(".stage-area svg")).to_contain_text("GROCERY")
    area.fill("SELECT nothing FROM fact_sales_by_day")
    expect(page.locator("#sql-fault")).to_contain_text('column "nothing" does not exist')
    assert [said for said in complaints if EXPECTED_REFUSAL not in said] == []
