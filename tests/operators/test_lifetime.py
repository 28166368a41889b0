"""Fitting and scoring from a run's form; a fit that failed fails no task while a good model is in use."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stages.orders import orders, put, workspace

from perennial.operators.assets import LIFETIME, MODELS
from perennial.operators.context import RunRefused
from perennial.operators.lifetime import FitLifetimeOperator, ScoreLifetimeOperator
from perennial.stages.lifetime import NoModel
from perennial.stages.workspace import Workspace

AS_OF = datetime(1998, 1, 1, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    return workspace(tmp_path, orders())


def execute(operator: Any, as_of: datetime = AS_OF, **params: Any) -> tuple[Any, Any]:
    """What the operator returns for a partition's run, and what stands on its asset's event."""
    key = (as_of - timedelta(days=1)).date().isoformat()
    run = SimpleNamespace(conf=params, partition_key=key, logical_date=None, run_after=as_of)
    form = {"as_of": None, "since": None, "force": False} | params
    event = SimpleNamespace(extra={})
    context: Any = {
        "params": form,
        "dag": SimpleNamespace(params=form),
        "dag_run": run,
        "outlet_events": {operator.asset: event},
    }
    return operator.execute(context), event.extra


def fit() -> FitLifetimeOperator:
    return FitLifetimeOperator(task_id="fit_and_validate", asset=MODELS)


def score() -> ScoreLifetimeOperator:
    return ScoreLifetimeOperator(task_id="score", asset=LIFETIME)


def test_a_day_is_fitted_scored_and_told_on_the_assets(made):
    _, extra = execute(fit())
    assert {*extra.pop("cost")} == {"seconds", "rows", "bytes"}
    assert extra == {
        "as_of": "1998-01-01",
        "clv": {"in_use": "clv-1998-01-01", "fits": {"1998-01-01": "promoted: no model was in use"}},
    }
    counts, _ = execute(score())
    assert counts["clv"]["customers"] == 2357


def test_the_form_can_force_a_fit_and_ask_for_earlier_days(made):
    counts, _ = execute(fit(), since="1997-11-06")
    assert list(counts["clv"]["fits"]) == ["1997-11-06", "1997-12-04", "1998-01-01"]
    assert execute(fit())[0]["clv"]["fits"].keys() == {"1998-01-01"}
    later = AS_OF + timedelta(days=1)
    assert execute(fit(), later)[0]["clv"]["fits"] == {}
    assert execute(fit(), later, force=True)[0]["clv"]["fits"].keys() == {"1998-01-02"}
    execute(score(), since="1997-11-06")
    assert made.lake.lifetime("clv").partitions() == ["1997-11-06", "1997-12-04", "1998-01-01"]


def test_the_task_fails_only_where_no_model_is_left(made):
    good = orders()
    put(made, good.with_columns(customer_id="order_id"))
    with pytest.raises(NoModel, match="clv: no model of lifetime value is in use as of 1998-01-01"):
        execute(fit())
    assert execute(score())[0] == {"clv": {"model": None, "customers": 0}}
    put(made, good)
    execute(fit())
    put(made, good.with_columns(customer_id="order_id"))
    counts, _ = execute(fit(), AS_OF + timedelta(days=28))
    assert counts["clv"]["in_use"] == "clv-1998-01-01"
    assert counts["clv"]["fits"]["1998-01-29"].startswith("failed: ")


@pytest.mark.parametrize(
    ("since", "said"),
    [("soon", "since is 'soon'; expected a day"), ("1998-01-02", "since is 1998-01-02, after the day")],
)
def test_a_form_that_cannot_be_understood_is_refused(made, since, said):
    with pytest.raises(RunRefused, match=said):
        execute(fit(), since=since)
