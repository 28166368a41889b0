"""The dashboards in Chromium, inside Airflow's frame: each widget drawn, a quiet console, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page, expect
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, frame_of, signed_in, turned_dark

from perennial.web.dashboards import Dashboard
from perennial.web.themes import THEMES

pytestmark = IN_CHROMIUM


@pytest.fixture
def page(
    browser: Browser, airflow: AirflowServer, complaints: list[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    with signed_in(browser, airflow, "vic", getattr(request, "param", "light"), complaints) as page:
        yield page


def _open(page: Page, url: str) -> Frame:
    frame = frame_of(page, url)
    frame.wait_for_selector("html[data-drawn]", state="attached")
    return frame


def _states(frame: Frame) -> dict[str, str]:
    states: dict[str, str] = frame.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-widget]')]"
        ".map(node => [node.dataset.widget, node.dataset.state]))"
    )
    return states


def test_every_dashboard_is_drawn_light_and_dark(
    page: Page, airflow: AirflowServer, dashboards: dict[str, Dashboard], complaints: list[str]
) -> None:
    for name, board in dashboards.items():
        path = "" if name == "overview" else f"/perennial/dashboards/{name}"
        frame = _open(page, f"{airflow.url}/plugin/perennial{path}")
        assert frame.evaluate("document.documentElement.dataset.theme") == "light"
        assert _states(frame) == {widget.id: "drawn" for widget in board.widgets}
        for widget in board.widgets:
            tile = frame.locator(f'[data-widget="{widget.id}"]')
            drawn = {"number": ".figure", "table": "tbody tr"}.get(widget.mark, "svg .mark-text, svg path")
            assert tile.locator(drawn).count() > 0, widget.id
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
        turned_dark(page, frame)
        assert _states(frame) == {widget.id: "drawn" for widget in board.widgets}
    assert complaints == []


def test_on_a_phone_nothing_sticks_out(page: Page, airflow: AirflowServer, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 412, "height": 915})
    frame = _open(page, f"{airflow.url}/plugin/perennial/perennial/dashboards/customer_value")
    assert set(_states(frame).values()) == {"drawn"}
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_the_theme_follows_airflow_live(page: Page, airflow: AirflowServer, complaints: list[str]) -> None:
    frame = _open(page, f"{airflow.url}/plugin/perennial")
    bar = '[data-widget="value_by_decile"] svg path[fill="{}"]'
    frame.wait_for_selector(bar.format(THEMES["light"].accent), state="attached")
    turned_dark(page, frame)
    frame.wait_for_selector(bar.format(THEMES["dark"].accent), state="attached")
    assert complaints == []


def test_day_filters_and_address_go_together(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = _open(page, f"{airflow.url}/plugin/perennial/perennial/dashboards/customer_value")
    spend = frame.locator('[data-widget="spend"] .figure')
    before = spend.inner_text()
    with page.expect_response(lambda answer: "/widgets/spend?" in answer.url and "lookback=1m" in answer.url):
        frame.select_option('select[name="lookback"]', "1m")
    frame.wait_for_function(
        "text => document.querySelector('[data-widget=spend] .figure')?.innerText !== text", arg=before
    )
    with page.expect_response(
        lambda answer: "/widgets/spend?" in answer.url and "day=2017-12-30" in answer.url
    ):
        frame.get_by_label("The day before").click()
    assert frame.evaluate("location.search") == "?lookback=1m&day=2017-12-30"
    assert frame.get_by_label("The day after").is_enabled()
    frame.goto(frame.url)
    frame.wait_for_selector("html[data-drawn]", state="attached")
    assert frame.locator('select[name="lookback"]').input_value() == "1m"
    assert frame.locator('input[name="day"]').input_value() == "2017-12-30"
    # Of the month before, its last day is shown; a day of one's own leaves it.
    frame.select_option('select[name="period"]', "last_month")
    assert frame.locator('input[name="day"]').input_value() == "2017-11-30"
    assert frame.evaluate("location.search") == "?lookback=1m&period=last_month&day=2017-12-30"
    frame.select_option('select[name="period"]', "since")
    frame.get_by_label("From", exact=True).fill("2017-12-26")
    assert frame.evaluate("location.search") == "?lookback=1m&period=2017-12-26&day=2017-12-30"
    assert complaints == []


def test_the_keyboard_reaches_data_sql_and_downloads(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = _open(page, f"{airflow.url}/plugin/perennial/perennial/dashboards/audiences")
    menu = frame.locator('[data-widget="trend"] summary')
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert frame.locator("dialog tbody tr").count() == 24
    page.keyboard.press("Escape")
    assert not frame.locator("dialog").is_visible()
    menu.focus()
    page.keyboard.press("Enter")
    frame.get_by_role("button", name="View SQL").press("Enter")
    assert "adwh_fact_profile_by_segment" in frame.locator("dialog pre").inner_text()
    page.keyboard.press("Escape")
    menu.focus()
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        frame.locator('[data-widget="trend"] [data-export="csv"]').press("Enter")
    assert download.value.suggested_filename == "trend_2017-12-31.csv"
    assert download.value.path().read_text().startswith("date_key,audience,customers")
    assert complaints == []


def test_what_is_picked_filters_the_others_and_goes_along_to_another_dashboard(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = _open(page, f"{airflow.url}/plugin/perennial/perennial/dashboards/email_responses")
    sent = frame.locator('[data-widget="sent"] .figure')
    everything = sent.inner_text()
    frame.locator('[data-filter="audience"] summary').click()
    frame.get_by_role("checkbox", name="Top spenders").check()
    expect(sent).not_to_have_text(everything)
    chosen = sent.inner_text()
    page.keyboard.press("Escape")
    expect(frame.locator('[data-widget][aria-busy="true"]')).to_have_count(0)
    frame.locator('[data-widget="opened_by_decile"] svg .mark-rect path').first.click(force=True)
    expect(frame.locator(".chip")).to_have_count(2)
    expect(sent).not_to_have_text(chosen)
    assert "from.decile=opened_by_decile" in frame.evaluate("location.search")
    page.keyboard.press("Escape")
    expect(sent).to_have_text(chosen)
    assert frame.evaluate("location.search") == "?audience=Top+spenders"

    # The same by keys, through the rows of a chart; it leads on, and back.
    frame = _open(page, f"{airflow.url}/plugin/perennial/perennial/dashboards/customer_value")
    tile = frame.locator('[data-widget="spend_by_decile"]')
    tile.locator("summary").press("Enter")
    tile.get_by_role("button", name="View data").press("Enter")
    frame.locator("dialog").get_by_role("button", name="3", exact=True).press("Enter")
    page.keyboard.press("Escape")
    expect(frame.locator(".chip")).to_have_text("Decile: 3")
    expect(frame.locator('[data-widget="deciles"] tbody tr')).to_have_count(1)
    expect(frame.locator('[data-widget="customers"] .unmet')).to_have_text("Not filtered by decile")
    tile.get_by_role("link", name="Their e-mails").click()
    expect(frame.locator('[data-filter="decile"] [data-chosen]')).to_have_text("Decile 3")
    page.go_back()
    expect(frame.locator(".chip")).to_have_text("Decile: 3")
    assert complaints == []


def test_dragging_along_days_chooses_them(page: Page, airflow: AirflowServer, complaints: list[str]) -> None:
    frame = _open(page, f"{airflow.url}/plugin/perennial/perennial/dashboards/sales?period=0")
    chart = frame.locator('[data-widget="spend_per_day"]')
    chart.scroll_into_view_if_needed()
    there = chart.locator(".background").first.bounding_box()
    assert there is not None
    middle = there["y"] + there["height"] / 2
    page.mouse.move(there["x"] + there["width"] * 0.55, middle)
    page.mouse.down()
    page.mouse.move(there["x"] + there["width"] * 0.3, middle, steps=4)
    page.mouse.up()
    frame.wait_for_function("location.search.includes('day=')")
    query = frame.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    assert query["period"] < query["day"]
    assert frame.locator("[data-since] input").input_value() == query["period"]
    assert frame.locator(".chip").count() == 0, "the click that ends it picks nothing"
    assert complaints == []


def test_a_link_to_a_dag_leads_airflow_there(page: Page, airflow: AirflowServer) -> None:
    frame = _open(page, f"{airflow.url}/plugin/perennial")
    frame.locator('[data-dag="customer_value"]').click()
    page.wait_for_url("**/dags/customer_value**")


def test_a_run_leads_to_the_dashboard_of_its_day(page: Page, airflow: AirflowServer) -> None:
    run = {"dag_run_id": "of_a_day", "logical_date": None, "partition_key": "2017-12-28"}
    runs = f"{airflow.url}/api/v2/dags/customer_value/dagRuns"
    airflow.session("admin").post(runs, json=run, timeout=30).raise_for_status()
    page.goto(f"{airflow.url}/dags/customer_value/runs/of_a_day/plugin/perennial_results")
    results = page.frame_locator('iframe[title="Results"]')
    results.get_by_role("heading", name="Customer value").wait_for()
    assert results.locator('input[name="day"]').input_value() == "2017-12-28"
    frame = _open(page, f"{airflow.url}/plugin/perennial")
    frame.wait_for_selector('[data-dag="customer_value"][data-state="queued"]')
