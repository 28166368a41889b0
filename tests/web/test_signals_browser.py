"""The Signals section in Chromium, inside Airflow's frame: rows are corrected, discarded and replayed."""

import json
from datetime import UTC, datetime

import polars as pl
from playwright.sync_api import Frame, Page
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, drawn, frame_of, turned_dark

from perennial.lake.catalog import Lake
from perennial.signals.batches import Batch, Batches, Status

pytestmark = IN_CHROMIUM
PAGES = (
    "signals",
    "signals/batches",
    "signals/batches/transactions-2017-12-31",
    "signals/batches/contacts-history",
    "signals/quarantine",
    "signals/quarantine/transactions",
    "signals/quarantine/transactions?show=resolved",
    "signals/quarantine/households",
)
QUARANTINE = "signals/quarantine/transactions"


def _edit(frame: Frame, row: str) -> None:
    frame.locator(f'tr[data-row="{row}"] [data-edit]').click()
    frame.wait_for_selector("#editor-said.bad")


def test_every_page_is_drawn_and_nothing_sticks_out(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    for path in PAGES:
        frame = frame_of(page, f"{airflow.url}/plugin/perennial/perennial/{path}")
        frame.wait_for_selector("main .card")
        assert frame.locator('nav [aria-current="page"]').first.inner_text() == "Signals", path
        for width in (900, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
        turned_dark(page, frame)
    assert complaints == []


def test_a_row_is_corrected_with_the_keyboard(
    page: Page, airflow: AirflowServer, lake: Lake, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, QUARANTINE)
    frame.locator('tr[data-row="row-1231-1"] [data-edit]').focus()
    page.keyboard.press("Enter")
    frame.wait_for_selector("#editor-said.bad")
    household, quantity = (
        frame.locator("#editor").get_by_label(name) for name in ("household_id", "quantity")
    )
    assert household.evaluate("node => node === document.activeElement"), (
        "the first faulty field has the focus"
    )
    assert household.get_attribute("aria-invalid") == "true"
    page.keyboard.type("1228")
    quantity.fill("x")
    broken = "() => document.querySelector('#editor-said').textContent === '1 rule is broken'"
    frame.wait_for_function(broken)
    assert "Save as it is" in frame.locator("#editor footer").inner_text()
    quantity.fill("2")
    frame.wait_for_selector("#editor-said.good")
    page.keyboard.press("Enter")
    changed = frame.locator('tr[data-row="row-1231-1"] .changed')
    changed.first.wait_for()
    assert changed.all_inner_texts() == ["household_id\nnothing → 1228", "quantity\n-1 → 2"]
    assert frame.evaluate("document.activeElement.closest('tr').dataset.row") == "row-1231-1"
    assert frame.locator("#replay-said").inner_text() == "2 rows corrected, waiting for a replay"
    kept = lake.corrections.scan().filter(id="row-1231-1").collect().row(0, named=True)
    assert (json.loads(kept["raw"])["quantity"], kept["by"]) == ("2", "admin")
    assert complaints == []


def test_unsaved_changes_are_not_lost_by_one_key(page: Page, airflow: AirflowServer, lake: Lake) -> None:
    frame = drawn(page, airflow, QUARANTINE)
    _edit(frame, "row-1231-2")
    frame.locator("#editor").get_by_label("sales_value").fill("3.10")
    page.keyboard.press("Escape")
    assert "Not saved yet" in frame.locator("#editor-said").inner_text()
    page.keyboard.press("Escape")
    frame.wait_for_selector("#editor", state="hidden")
    assert lake.corrections.scan().collect().height == 1


def test_a_line_without_fields_is_typed_anew(page: Page, airflow: AirflowServer, lake: Lake) -> None:
    frame = drawn(page, airflow, QUARANTINE)
    _edit(frame, "row-text")
    frame.get_by_role("button", name="Type its fields instead").click()
    values = {"transaction_timestamp": "2017-12-31 10:00:00", "household_id": "2300", "basket_id": "9931993"}
    values |= {"product_id": "825123", "quantity": "1", "sales_value": "3.99"}
    for name, value in values.items():
        frame.locator("#editor").get_by_label(name).fill(value)
    frame.wait_for_selector("#editor-said.good")
    frame.locator("#editor [data-save]").click()
    frame.locator('tr[data-row="row-text"] ins').wait_for()
    kept = lake.corrections.scan().filter(id="row-text").collect()["raw"][0]
    assert json.loads(kept) == values


def test_many_rows_are_set_and_discarded_at_once(
    page: Page, airflow: AirflowServer, lake: Lake, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, f"{QUARANTINE}?reason=quantity%3A+below+0")
    assert frame.locator("[data-discard]").is_disabled()
    frame.get_by_label("Select all rows of this page").check()
    assert frame.locator("#chosen").inner_text() == "7 rows selected"
    frame.get_by_role("button", name="Set a field…").click()
    assert frame.locator("#setter [name=field]").input_value() == "quantity", "the field of the reason"
    frame.locator("#setter [name=value]").fill("1")
    frame.get_by_role("button", name="Set", exact=True).click()
    frame.wait_for_function("() => document.querySelectorAll('tr .changed').length === 7")
    frame.locator('tr[data-row="row-1229-1"] [data-pick]').check()
    frame.get_by_role("button", name="Discard…").click()
    frame.get_by_role("button", name="Discard", exact=True).click()
    frame.locator('tr[data-row="row-1229-1"]').wait_for(state="detached")
    assert frame.locator("#replay-said").inner_text() == "1 row discarded"
    assert lake.resolutions.scan().filter(id="row-1229-1").collect()["outcome"].to_list() == ["discarded"]
    assert complaints == []


def test_a_replay_is_followed_to_its_end(
    page: Page, airflow: AirflowServer, lake: Lake, complaints: list[str]
) -> None:
    frame = drawn(page, airflow, QUARANTINE)
    runs = f"{airflow.url}/api/v2/dags/signals_replay/dagRuns"
    with page.expect_response(lambda answer: answer.url == runs and answer.request.method == "POST") as sent:
        frame.get_by_role("button", name="Replay 1 row").click()
    run = sent.value.json()
    assert (run["conf"], run["state"]) == ({"dataset": "transactions", "ids": None}, "queued")
    frame.wait_for_selector('#replay p[data-state="queued"]')
    frame = drawn(page, airflow, QUARANTINE)
    frame.wait_for_selector('#replay p[data-state="queued"]')
    now = datetime.now(UTC)
    ended = ("row-1225-2", "transactions", "replayed", "replay-2", "admin", now)
    lake.resolutions.append(pl.DataFrame([ended], schema=lake.resolutions.schema, orient="row"))
    done = Batch("replay-2", "transactions", "replay", None, Status.SUCCESS, now, read=1, accepted=1)
    Batches(lake.batches).record([done])
    state = {"state": "success"}
    airflow.session("admin").patch(f"{runs}/{run['dag_run_id']}", json=state, timeout=30).raise_for_status()
    frame.wait_for_selector('#replay p[data-state="success"]')
    assert frame.locator("#replay-said").inner_text() == "Replayed: 1 row taken"
    frame.locator('tr[data-row="row-1225-2"]').wait_for(state="detached")
    frame.get_by_text("Open the run").click()
    page.wait_for_url("**/dags/signals_replay/runs/manual**")
    page.get_by_role("heading", name=run["dag_run_id"]).wait_for()
    assert complaints == []


def test_a_search_goes_into_the_address(page: Page, airflow: AirflowServer) -> None:
    frame = drawn(page, airflow, QUARANTINE)
    frame.get_by_label("Find in the record").fill("12x28")
    frame.get_by_label("Find in the record").press("Enter")
    frame.wait_for_function("() => document.querySelectorAll('tr[data-row]').length === 6")
    assert frame.evaluate("location.search") == "?search=12x28"
