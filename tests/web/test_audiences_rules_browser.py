"""Rules in the audience builder, in Chromium: none is changed by being looked at, and no work is lost."""

import random

from audiences.random_rules import rule as random_rule
from playwright.sync_api import Page
from web.airflow_server import AirflowServer
from web.browsing import IN_CHROMIUM, drawn
from web.building import API, COUNTED, add, apply, rule_of
from web.callers import Caller

pytestmark = IN_CHROMIUM
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


def test_every_audience_goes_through_the_builder_unchanged(
    page: Page, airflow: AirflowServer, admin: Caller
) -> None:
    for each in admin.get(API).json()["audiences"]:
        frame = drawn(page, airflow, f"audiences/{each['name']}/edit")
        assert rule_of(frame) == admin.get(f"{API}/{each['name']}").json()["definition"]["rule"]
        assert frame.locator("#saved").inner_text() == "All changes saved"
        frame.wait_for_selector(COUNTED)


def test_random_rules_come_out_as_they_went_in_however_they_are_moved(
    page: Page, airflow: AirflowServer
) -> None:
    frame = drawn(page, airflow, "audiences")
    module = str(frame.evaluate("document.querySelector('script[type=module][src*=audiences]').src"))
    module = module.replace("audiences.js", "audience_tree.js")
    dice = random.Random(11)
    rules = [random_rule(dice, ["lapsing"], depth=4) for _ in range(300)]
    broken = frame.evaluate(WALK, {"module": module, "rules": rules})
    assert broken == []
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    frame = drawn(page, airflow, "audiences/new")
    for rule in rules[:8]:
        apply(frame, {"title": "Random", "rule": rule})
        assert rule_of(frame) == rule
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
    frame = drawn(page, airflow, "audiences/new")
    apply(frame, {"title": "Strange", "rule": rule})
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
    assert rule_of(frame) == rule


def test_mistakes_are_said_beside_what_has_them(page: Page, airflow: AirflowServer) -> None:
    frame = drawn(page, airflow, "audiences/new")
    known = {"attribute": "age", "operator": "known"}
    town = {"attribute": "town", "operator": "known"}
    apply(frame, {"title": "Town", "rule": {"all": [known, {"any": [known, town]}]}})
    fault = frame.locator("#canvas .fault.bad")
    fault.wait_for()
    assert "no town" in fault.inner_text()
    assert "town" in fault.locator("xpath=ancestor::article").inner_text()
    frame.get_by_role("button", name="Publish").click()
    frame.wait_for_selector("#saved.bad")
    assert "no town" in frame.locator("#saved").inner_text()
    frame.locator(".block").nth(2).get_by_role("button", name="Remove").click()
    add(frame, "spend_12m")
    frame.get_by_role("button", name="Publish").click()
    wanting = frame.get_by_label("Value of Spend 12m")
    assert wanting.get_attribute("aria-invalid") == "true"
    said = wanting.get_attribute("aria-describedby")
    assert frame.locator(f"#{said}").inner_text() == "Give a value."
    assert wanting.evaluate("node => node === document.activeElement")


def test_unsaved_work_is_asked_about_and_outlives_the_page(page: Page, airflow: AirflowServer) -> None:
    frame = drawn(page, airflow, "audiences/top_spenders/edit")
    frame.get_by_label("Value of Spend 12m decile").fill("2")
    assert frame.locator("#saved").inner_text() == "Unsaved changes"
    frame.get_by_role("link", name="Signals").click()
    frame.get_by_role("button", name="Stay").click()
    page.wait_for_function(
        "() => Object.keys(localStorage).some((key) => key.endsWith('audience:top_spenders'))"
    )
    frame = drawn(page, airflow, "audiences/top_spenders/edit")
    frame.get_by_role("button", name="Restore them").click()
    assert frame.get_by_label("Value of Spend 12m decile").input_value() == "2"
    frame.get_by_role("link", name="Cancel").click()
    frame.get_by_role("button", name="Leave, and drop them").click()
    frame.wait_for_url("**/audiences/top_spenders")
    frame = drawn(page, airflow, "audiences/top_spenders/edit")
    assert frame.get_by_label("Value of Spend 12m decile").input_value() == "3"
    assert frame.locator("#kept").is_hidden()
