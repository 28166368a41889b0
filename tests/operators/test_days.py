"""Past days from a form: they are divided into ranges, and each step of these is done, and noted, once."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException
from purchases import events, moment
from value.shop import SALES, Shop, shop

from perennial.lineage.model import Dataset
from perennial.operators.assets import RECOMPUTED
from perennial.operators.context import RunRefused
from perennial.operators.days import PlanDaysOperator, RecomputeOperator
from perennial.stages.recompute import progress
from perennial.stages.value import history

FORM: dict[str, Any] = {
    "from_day": "2017-12-01",
    "to_day": "2018-01-02",
    "steps": ["values", "segments"],
    "only_behind": False,
    "most": 31,
}
RFM = """
kind: rfm
title: Segments
dataset: sales
identity: customer
order: basket
amount: amount
segments: [{label: Best, recency: 1}]
"""

PEOPLE = {
    "namespaces/customer.yaml": "{title: Customer, type: cross_device, unique: true}",
    "namespaces/basket.yaml": "{title: Basket, type: cookie}",
    "profiles/customer.yaml": "{title: Customers, person: customer, events: [sales], attributes: []}",
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    made = shop(tmp_path, lookbacks=[1])
    made.deliver(
        events(("c", "b", "p1", "5.00", moment(2017, 12, 5)), ("d", "b", "p2", "7.00", moment(2017, 12, 7)))
    )
    return made


def execute(operator: Any, conf: dict[str, Any] | None = None, **form: Any) -> tuple[Any, dict[str, Any]]:
    """What the operator returns, and what stands on its asset's event."""
    params = FORM | form
    event = SimpleNamespace(extra={})
    outlets: dict[Asset, Any] = {RECOMPUTED: event}
    context: Any = {
        "params": params,
        "dag": SimpleNamespace(params=params),
        "dag_run": SimpleNamespace(conf=conf or {}, run_id="manual__1", triggering_user_name="ursel"),
        "outlet_events": outlets,
    }
    return operator.execute(context), event.extra


def plan(**form: Any) -> tuple[Any, dict[str, Any]]:
    return execute(PlanDaysOperator(task_id="plan", asset=RECOMPUTED), **form)


def step(name: str, first: str, last: str, **form: Any) -> tuple[Any, dict[str, Any]]:
    operator = RecomputeOperator(task_id=name, asset=RECOMPUTED, steps=[name], first=first, last=last)
    return execute(operator, **form)


def computed(made: Shop) -> list[date]:
    days: list[date] = history(made.workspace, "value").computed()["as_of"].to_list()
    return days


def test_days_are_divided_into_ranges_of_a_month_which_stand_on_the_asset(made):
    ranges, told = plan()
    assert ranges == [
        {"first": "2017-12-01", "last": "2017-12-31"},
        {"first": "2018-01-01", "last": "2018-01-02"},
    ]
    assert told == {"ranges": ranges}


def test_a_step_of_a_range_is_done_once_and_what_was_done_stands_on_the_asset(made):
    (made.folder / "include/value/rfm.yaml").write_text(RFM)
    plan(from_day="2017-12-05", to_day="2017-12-08")
    counts, told = step("values", "2017-12-05", "2017-12-08")
    assert counts == told == {"first": "2017-12-05", "last": "2017-12-08", "values": 4}
    assert computed(made) == [date(2017, 12, day) for day in range(5, 9)]
    assert step("values", "2017-12-05", "2017-12-08")[0]["values"] == 0
    assert step("segments", "2017-12-07", "2017-12-08")[0]["segments"] == 2
    assert made.workspace.lake.rfm("rfm").partitions() == ["2017-12-07", "2017-12-08"]
    shown = {each["step"]: (each["done"], each["wanted"]) for each in progress(made.workspace).to_dicts()}
    assert shown == {"values": (4, 4), "segments": (2, 4)}


def test_a_step_that_the_form_does_not_name_is_skipped(made):
    plan(from_day="2017-12-05", to_day="2017-12-05")
    with pytest.raises(AirflowSkipException, match="does not ask for profiles"):
        step("profiles", "2017-12-05", "2017-12-05")


def test_without_days_those_that_a_late_event_touched_are_planned(made):
    plan()
    step("values", "2017-12-01", "2017-12-31")
    step("values", "2018-01-01", "2018-01-02")
    behind = {"from_day": None, "to_day": None}
    assert plan(**behind) == ([], {"ranges": []})
    made.deliver(events(("c", "b2", "p1", "5.00", moment(2017, 12, 29))))
    assert plan(**behind)[0] == [{"first": "2017-12-30", "last": "2018-01-02"}]
    assert plan(**behind, most=2)[0] == [{"first": "2018-01-01", "last": "2018-01-02"}]
    ranges, _ = plan(only_behind=True, to_day="2017-12-31")
    assert ranges == [{"first": "2017-12-30", "last": "2017-12-31"}]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"from_day": "soon"}, "from_day is 'soon'; expected a day"),
        ({"from_day": "2018-01-03"}, "from_day is 2018-01-03, after to_day: 2018-01-02"),
        ({"to_day": None}, "from_day is given alone: give both days, or none"),
        ({"steps": ["value"]}, "steps: unknown value; there are values, segments"),
    ],
)
def test_a_form_that_cannot_be_understood_is_refused(made, form, said):
    with pytest.raises(RunRefused, match=said):
        plan(**form)


def test_a_misspelt_key_is_refused(made):
    operator = PlanDaysOperator(task_id="plan", asset=RECOMPUTED)
    with pytest.raises(RunRefused, match="unknown key in the run's configuration: stale"):
        execute(operator, conf={"stale": True})


def test_identities_that_planning_stitches_are_told_to_lineage(made, monkeypatch):
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", '{"type": "console"}')
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", "postgresql://owner@localhost/perennial")
    include, both = (
        made.folder / "include",
        [{"column": each, "namespace": each} for each in ("customer", "basket")],
    )
    (include / "datasets/sales.yaml").write_text(yaml.safe_dump({**SALES, "identities": both}))
    for name, content in PEOPLE.items():
        (include / name).parent.mkdir(exist_ok=True)
        (include / name).write_text(content)
    operator = PlanDaysOperator(task_id="plan", asset=RECOMPUTED)
    execute(operator)
    assert operator.lineage is not None
    mapping = Dataset("lake", "identity/mapping")
    assert operator.lineage.written[mapping].rows == 3
    assert operator.lineage.written[mapping].derivation.inputs == {Dataset("lake", "identity/links")}
