"""The Audiences section in Chromium, inside Airflow's frame: rules are built, counted and published."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from audiences.random_rules import rule as random_rule
from playwright.sync_api import Browser, Frame, Page
from web.airflow_server import AirflowServer
from web.browsing import CHROMIUM, frame_of, signed_in
from web.callers import Caller

from perennial.lake.catalog import Lake
from perennial.settings import REPOSITORY
from perennial.web.themes import THEMES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.e2e,
    pytest.mark.store,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
    ),
]
PAGES = (
    "audiences",
    "audiences/top_spenders",
    "audiences/new",
    "audiences/new/list",
    "audiences/window_shoppers/edit",
    "audiences/big_baskets/edit",
)
COUNTED = "#estimate[data-state=ready]:not([aria-busy])"
API = "/api/audiences"

WALK = """async ({ module, rules }) => {
  const tree = await import(module);
  const said = (node) => JSON.stringify(tree.ruleOf(node));
  const ids = (places) => places.filter((one) => one.node.rule).map((one) => one.node.id).sort().join();
  const blocks = (node) => ids([...tree.places(node)]);
  const steps = (path) => path.split(/[.\\[\\]]+/).filter(Boolean);
  const at = (rule, path) => steps(path).reduce((inner, key) => inner[key], rule);
  let dice = 7;
  const throwOne = (sides) => (dice = (dice * 48271) % 2147483647) % sides;
  const broken = [];
  for (const rule of rules) {
    let now = tree.treeOf(rule);
    if (said(now) !== JSON.stringify(rule)) broken.push(["came out differently", rule, tree.ruleOf(now)]);
    const before = blocks(now);
    for (let step = 0; step < 30; step += 1) {
      const all = [...tree.places(now)];
      const { node } = all[throwOne(all.length)];
      const way = ["up", "down", "in", "out"][throwOne(4)];
      const groups = all.filter((one) => one.node.rules);
      const group = groups[throwOne(groups.length)].node;
      if (step % 3 === 0) now = tree.move(now, node.id, group.id, throwOne(group.rules.length + 1));
      else if (step % 7 === 0 && node.id !== now.id) now = tree.wrap(now, node.id);
      else if (step % 8 === 0 && node.rules) now = tree.unwrap(now, node.id);
      else now = tree.step(now, node.id, way);
      if (blocks(now) !== before) broken.push(["lost or doubled", rule, said(now)]);
    }
    const whole = tree.ruleOf(now);
    for (const { node, path } of tree.places(now)) {
      if (JSON.stringify(at(whole, path)) !== said(node)) broken.push(["is not at its path", path, whole]);
    }
  }
  return broken.slice(0, 3);
}"""
"""Rules into trees, blocks moved about at random, and what must hold of each tree."""


@pytest.fixture
def documents(airflow: AirflowServer) -> Path:
    """The audiences as the product brings them."""
    folder = airflow.include / "audiences"
    shutil.rmtree(folder)
    shutil.copytree(REPOSITORY / "include/audiences", folder)
    return folder


@pytest.fixture
def page(
    browser: Browser,
    airflow: AirflowServer,
    lake: Lake,
    documents: Path,
    complaints: list[str],
    request: Any,
) -> Iterator[Page]:
    user, theme = getattr(request, "param", ("admin", "light"))
    with signed_in(browser, airflow, user, theme, complaints) as page:
        page.set_viewport_size({"width": 1440, "height": 1000})
        yield page


def _open(page: Page, airflow: AirflowServer, path: str) -> Frame:
    frame = frame_of(page, f"{airflow.url}/plugin/perennial/perennial/{path}")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    return frame


def _rule(frame: Frame) -> Any:
    """The rule, as the page's other view of it says."""
    frame.get_by_role("tab", name="Code").click()
    text = frame.get_by_label("Definition as JSON").input_value()
    frame.get_by_role("tab", name="Builder").click()
    return json.loads(text)["rule"]


def _apply(frame: Frame, definition: dict[str, Any]) -> None:
    frame.get_by_role("tab", name="Code").click()
    frame.get_by_label("Definition as JSON").fill(json.dumps(definition))
    frame.get_by_role("button", name="Apply").click()
    frame.get_by_role("tab", name="Builder").click()


def _add(frame: Frame, name: str) -> None:
    frame.locator(f'#palette [data-name="{name}"]').click()


@pytest.mark.parametrize("page", [("admin", theme) for theme in THEMES], indirect=True)
def test_every_page_is_drawn_and_nothing_sticks_out(
    page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    for path in PAGES:
        frame = _open(page, airflow, path)
        frame.wait_for_selector("main .card")
        assert frame.locator('nav [aria-current="page"]').first.inner_text() == "Audiences", path
        for width in (800, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
    assert complaints == []


def test_from_an_empty_page_to_a_published_audience(
    page: Page, airflow: AirflowServer, documents: Path, admin: Caller, complaints: list[str]
) -> None:
    frame = _open(page, airflow, "audiences")
    frame.get_by_role("link", name="New audience").click()
    frame.wait_for_url("**/audiences/new")
    frame.wait_for_selector("html[data-drawn]", state="attached")
    frame.get_by_label("Title").fill("Young & Frequent")
    assert frame.locator('[name="name"]').input_value() == "young_frequent"
    _add(frame, "age")
    frame.get_by_role("option", name="19-24").click()
    frame.get_by_role("option", name="25-34").click()
    _add(frame, "transactions")
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
    assert _rule(frame) == rule
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
    frame = _open(page, airflow, "audiences/new")
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
    assert [*_kinds(_rule(frame)["all"])] == ["attribute", "share", "share"]
    frame.locator(".grip").nth(2).focus()
    keys.press("Delete")
    frame.locator(".grip").nth(1).focus()
    keys.press("ArrowUp")
    assert [*_kinds(_rule(frame)["all"])] == ["share", "attribute"]
    frame.locator(".grip").nth(1).focus()
    keys.press("Control+z")
    keys.press("Control+z")
    assert [*_kinds(_rule(frame)["all"])] == ["attribute", "share", "share"]
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
    frame = _open(page, airflow, "audiences/lapsing/edit")
    before = _rule(frame)["all"]
    frame.get_by_role("button", name="Group").click()
    inner = frame.locator(".group .group")
    grip = ".group[data-node] > .rules > li:first-child > .block [data-grip]"
    frame.locator(grip).first.drag_to(inner.locator(".void"))
    assert _rule(frame) == {"all": [before[1], {"any": [before[0]]}]}
    share = frame.locator('#palette [data-name="share"]')
    share.scroll_into_view_if_needed()
    share.drag_to(inner.locator(".rules > li").first, target_position={"x": 80, "y": 3})
    assert [*_kinds(_rule(frame)["all"][1]["any"])] == ["share", "attribute"]
    inner.locator(".block[data-kind=share]").get_by_role("button", name="Remove").click()
    assert _rule(frame) == {"all": [before[1], {"any": [before[0]]}]}
    inner.locator(".group-head summary").click()
    inner.get_by_role("button", name="Ungroup").click()
    assert _rule(frame) == {"all": [before[1], before[0]]}
    assert complaints == []


def test_every_audience_goes_through_the_builder_unchanged(
    page: Page, airflow: AirflowServer, admin: Caller
) -> None:
    for each in admin.get(API).json()["audiences"]:
        frame = _open(page, airflow, f"audiences/{each['name']}/edit")
        assert _rule(frame) == admin.get(f"{API}/{each['name']}").json()["definition"]["rule"]
        assert frame.locator("#saved").inner_text() == "All changes saved"
        frame.wait_for_selector(COUNTED)


def test_random_rules_come_out_as_they_went_in_however_they_are_moved(
    page: Page, airflow: AirflowServer
) -> None:
    frame = _open(page, airflow, "audiences")
    module = str(frame.evaluate("document.querySelector('script[type=module][src*=audiences]').src"))
    module = module.replace("audiences.js", "audience_tree.js")
    dice = random.Random(11)
    rules = [random_rule(dice, ["lapsing"], depth=4) for _ in range(300)]
    broken = frame.evaluate(WALK, {"module": module, "rules": rules})
    assert broken == []
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    frame = _open(page, airflow, "audiences/new")
    for rule in rules[:8]:
        _apply(frame, {"title": "Random", "rule": rule})
        assert _rule(frame) == rule
    assert errors == []


def test_what_the_page_cannot_edit_stays_as_it_is(page: Page, airflow: AirflowServer) -> None:
    rule = {
        "any": [
            {"attribute": "last_seen", "operator": "at_least", "value": {"now": "-30 days"}},
            {
                "event": "transactions",
                "where": {
                    "all": [
                        {"any": [{"field": "quantity", "operator": "more_than", "value": 1}]},
                        {"field": "sales_value", "operator": "more_than", "value": {"field": "quantity"}},
                    ]
                },
            },
            {"none": [{"share": 0.25, "seed": "a"}]},
        ]
    }
    frame = _open(page, airflow, "audiences/new")
    _apply(frame, {"title": "Strange", "rule": rule})
    frame.wait_for_selector(COUNTED)
    assert frame.locator(".chip.fixed").all_inner_texts() == [
        "30 days ago",
        "(quantity more than 1)",
        "its quantity",
    ]
    frame.get_by_label("Percent of everybody").fill("12.5")
    frame.get_by_role("tab", name="Code").click()
    frame.get_by_label("Definition as JSON").press("x")
    frame.get_by_role("button", name="Save draft").click()
    assert "apply your edits" in frame.locator("#saved").inner_text()
    frame.get_by_role("button", name="As in the builder").click()
    rule["any"][2] = {"none": [{"share": 0.125, "seed": "a"}]}
    assert _rule(frame) == rule


def test_mistakes_are_said_beside_what_has_them(page: Page, airflow: AirflowServer) -> None:
    frame = _open(page, airflow, "audiences/new")
    known = {"attribute": "age", "operator": "known"}
    town = {"attribute": "town", "operator": "known"}
    _apply(frame, {"title": "Town", "rule": {"all": [known, {"any": [known, town]}]}})
    fault = frame.locator("#canvas .fault.bad")
    fault.wait_for()
    assert "no town" in fault.inner_text()
    assert "town" in fault.locator("xpath=ancestor::article").inner_text()
    frame.get_by_role("button", name="Publish").click()
    frame.wait_for_selector("#saved.bad")
    assert "no town" in frame.locator("#saved").inner_text()
    frame.locator(".block").nth(2).get_by_role("button", name="Remove").click()
    _add(frame, "spend_12m")
    frame.get_by_role("button", name="Publish").click()
    wanting = frame.get_by_label("Value of Spend 12m")
    assert wanting.get_attribute("aria-invalid") == "true"
    said = wanting.get_attribute("aria-describedby")
    assert frame.locator(f"#{said}").inner_text() == "Give a value."
    assert wanting.evaluate("node => node === document.activeElement")


def test_unsaved_work_is_asked_about_and_outlives_the_page(page: Page, airflow: AirflowServer) -> None:
    frame = _open(page, airflow, "audiences/top_spenders/edit")
    frame.get_by_label("Value of Spend 12m decile").fill("2")
    assert frame.locator("#saved").inner_text() == "Unsaved changes"
    frame.get_by_role("link", name="Signals").click()
    frame.get_by_role("button", name="Stay").click()
    page.wait_for_function(
        "() => Object.keys(localStorage).some((key) => key.endsWith('audience:top_spenders'))"
    )
    frame = _open(page, airflow, "audiences/top_spenders/edit")
    frame.get_by_role("button", name="Restore them").click()
    assert frame.get_by_label("Value of Spend 12m decile").input_value() == "2"
    frame.get_by_role("link", name="Cancel").click()
    frame.get_by_role("button", name="Leave, and drop them").click()
    frame.wait_for_url("**/audiences/top_spenders")
    frame = _open(page, airflow, "audiences/top_spenders/edit")
    assert frame.get_by_label("Value of Spend 12m decile").input_value() == "3"
    assert frame.locator("#kept").is_hidden()


def test_an_audience_is_evaluated_deactivated_and_deleted(
    page: Page, airflow: AirflowServer, documents: Path, complaints: list[str]
) -> None:
    frame = _open(page, airflow, "audiences/window_shoppers")
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
    frame = _open(page, airflow, "audiences/top_spenders")
    assert frame.get_by_role("button", name="Delete…").is_disabled()
    assert "Best customers, gone quiet" in frame.locator("#delete-why").inner_text()
    assert complaints == []


def test_a_list_is_uploaded_split_and_built_on(
    page: Page, airflow: AirflowServer, admin: Caller, complaints: list[str]
) -> None:
    frame = _open(page, airflow, "audiences")
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
    assert _rule(frame) == {"all": [{"audience": "guests"}, share]}
    frame.get_by_label("In the audience, or not").select_option("out")
    frame.get_by_role("button", name="Only the first of them").click()
    frame.get_by_label("By which attribute").select_option("spend_12m")
    frame.get_by_label("How many people").fill("7")
    frame.get_by_label("Greatest or least").select_option("least")
    rule = {"all": [{"none": [{"audience": "guests"}]}, share]}
    assert _rule(frame) == rule
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
    frame = _open(page, airflow, "audiences")
    assert frame.get_by_role("link", name="New audience").count() == 0
    frame = _open(page, airflow, "audiences/lapsing")
    frame.get_by_role("link", name="See the rule").click()
    frame.wait_for_url("**/edit")
    frame.wait_for_selector(COUNTED)
    assert frame.locator("#canvas").locator("input:enabled, select:enabled, button:enabled").count() == 0
    assert frame.get_by_role("button", name="Publish").count() == 0
    assert complaints == []
