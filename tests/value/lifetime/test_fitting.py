"""A fit that has no answer says so, and why."""

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime import bgnbd, gammagamma, paretonbd
from perennial.value.lifetime.fitting import FitError, maximise
from perennial.value.lifetime.gammagamma import Spends
from perennial.value.lifetime.histories import Histories


def histories(*rows: tuple[int, float, float]) -> Histories:
    return Histories.grouped(pl.DataFrame(rows, schema=["frequency", "recency", "age"], orient="row"))


@pytest.mark.parametrize("model", [bgnbd, paretonbd])
def test_nobody_came_back(model):
    with pytest.raises(FitError, match="none of 2 customers bought again"):
        model.fit(histories((0, 0.0, 10.0), (0, 0.0, 20.0)))


@pytest.mark.parametrize("model", [bgnbd, paretonbd])
def test_customers_who_are_all_alike_have_no_maximum(model):
    with pytest.raises(FitError, match=r"runs to|no maximum|does not tell|cannot be computed"):
        model.fit(histories(*[(5, 9.9, 10.0)] * 200))


def test_spends_without_a_mean_are_refused():
    rng = np.random.default_rng(1)
    x = np.arange(3000) % 5 + 1
    z = rng.gamma(3.0 * x, 1 / rng.gamma(0.8, 1 / 15, 3000)) / x
    frame = pl.DataFrame({"frequency": x, "mean_spend": z})
    with pytest.raises(FitError, match=r"q = 0\.\d+: spends are spread so widely"):
        gammagamma.fit(Spends.grouped(frame))


def test_too_few_spends_are_refused():
    frame = pl.DataFrame({"frequency": [1, 0, 2], "mean_spend": [3.0, 4.0, -1.0]})
    with pytest.raises(FitError, match="1 customers have a mean repeat spend above zero"):
        gammagamma.fit(Spends.grouped(frame))


def test_a_parameter_that_the_data_do_not_know_is_named():
    def objective(logs):
        return -((logs[0] - 1) ** 2) * 50, np.array([-100 * (logs[0] - 1), 0.0])

    with pytest.raises(FitError, match="does not tell b apart"):
        maximise(dict, ("a", "b"), objective, [(1.0, 1.0)], 10)


def test_a_maximum_at_infinity_is_named():
    def objective(logs):
        slope = np.exp(-logs[1])
        return -((logs[0] - 1) ** 2) * 50 - slope * 1e5, np.array([-100 * (logs[0] - 1), slope * 1e5])

    with pytest.raises(FitError, match=r"b runs to .* without a maximum"):
        maximise(dict, ("a", "b"), objective, [(1.0, 1.0)], 10)


def test_errors_are_those_of_the_inverse_hessian_by_the_delta_method():
    # A normal log-likelihood in the logarithms: their standard errors are 0.1 and 0.2.
    def objective(logs):
        off = (logs - [1.0, 2.0]) / [0.1, 0.2]
        return -float(off @ off) / 2, -off / [0.1, 0.2]

    found = maximise(dict, ("a", "b"), objective, [(1.0, 1.0)], 10)
    assert found.parameters == pytest.approx({"a": np.e, "b": np.e**2})
    assert found.standard_errors == pytest.approx({"a": 0.1 * np.e, "b": 0.2 * np.e**2})


@pytest.mark.parametrize("model", [bgnbd, paretonbd])
def test_the_start_does_not_decide(cdnow, model):
    grouped = Histories.grouped(cdnow)
    usual = model.fit(grouped)
    begun = model.fit(grouped, usual.model)
    assert begun.parameters == pytest.approx(usual.parameters, rel=1e-4)


@pytest.mark.parametrize("model", [bgnbd, paretonbd])
def test_the_unit_of_time_does_not_decide(cdnow, model):
    days = cdnow.with_columns(pl.col("recency", "age") * 7)
    weekly, daily = model.fit(Histories.grouped(cdnow)), model.fit(Histories.grouped(days))
    scaled = {n: v * (7 if n in ("alpha", "beta") else 1) for n, v in weekly.parameters.items()}
    assert daily.parameters == pytest.approx(scaled, rel=1e-4)
