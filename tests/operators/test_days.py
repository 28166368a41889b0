"""Past days from a form: they are divided into ranges, and each of these is computed in one pass."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset
from purchases import events, moment
from value.shop import Shop, shop

from perennial.operators.assets import VALUE_DAYS
from perennial.operators.context import RunRefused
from perennial.operators.days import ComputeDaysOperator, ComputeRfmDaysOperator, PlanDaysOperator
from perennial.stages.value import history

FORM = {"from_day": "2017-12-01", "to_day": "2018-01-02", "only_stale": False}
RFM = """
kind: rfm
title: Segments
dataset: sales
identity: customer
order: basket
amount: amount
segments: [{label: Best, recency: 1}]
"""


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
    outlets: dict[Asset, Any] = {VALUE_DAYS: event}
    context: Any = {
        "params": params,
        "dag": SimpleNamespace(params=params),
        "dag_run": SimpleNamespace(conf=conf or {}),
        "outlet_events": outlets,
    }
    return operator.execute(context), event.extra


def plan(**form: Any) -> tuple[Any, dict[str, Any]]:
    return execute(PlanDaysOperator(task_id="plan", asset=VALUE_DAYS), **form)


def rank(first: str, last: str) -> tuple[Any, dict[str, Any]]:
    return execute(ComputeDaysOperator(task_id="rank", asset=VALUE_DAYS, first=first, last=last))


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


def test_a_range_is_ranked_and_its_changes_stand_on_the_asset(made):
    plan()
    counts, told = rank("2017-12-05", "2017-12-09")
    assert computed(made) == [date(2017, 12, day) for day in range(5, 10)]
    # Each of two customers, overall and in a department; the second takes the first's overall rank.
    assert counts == {"changed_rows": {"value": 5}}
    assert told == {"first": "2017-12-05", "last": "2017-12-09", **counts}


def test_a_range_is_put_into_segments(made):
    (made.folder / "include/value/rfm.yaml").write_text(RFM)
    operator = ComputeRfmDaysOperator(
        task_id="segment", asset=VALUE_DAYS, first="2017-12-06", last="2017-12-08"
    )
    counts, told = execute(operator)
    assert counts == {"rows": {"rfm": 1 + 1 + 2}}
    assert told["last"] == "2017-12-08"
    assert made.workspace.lake.rfm("rfm").partitions() == ["2017-12-06", "2017-12-07", "2017-12-08"]


def test_only_days_that_a_late_event_touched_are_planned(made):
    plan()
    rank("2017-12-01", "2017-12-31")
    rank("2018-01-01", "2018-01-02")
    assert plan(only_stale=True) == ([], {"ranges": []})
    made.deliver(events(("c", "b2", "p1", "5.00", moment(2017, 12, 29))))
    ranges, _ = plan(only_stale=True)
    assert ranges == [{"first": "2017-12-30", "last": "2018-01-02"}]
    assert plan(only_stale=True, to_day="2017-12-31")[0] == [{"first": "2017-12-30", "last": "2017-12-31"}]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"from_day": "soon"}, "from_day is 'soon'; expected a day"),
        ({"from_day": "2018-01-03"}, "from_day is 2018-01-03, after to_day: 2018-01-02"),
    ],
)
def test_a_form_that_cannot_be_understood_is_refused(made, form, said):
    with pytest.raises(RunRefused, match=said):
        plan(**form)


def test_a_misspelt_key_is_refused(made):
    operator = PlanDaysOperator(task_id="plan", asset=VALUE_DAYS)
    with pytest.raises(RunRefused, match="unknown key in the run's configuration: stale"):
        execute(operator, conf={"stale": True})
