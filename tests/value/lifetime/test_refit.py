"""A refit predicts a holdout that no competitor has seen, takes over if it is not worse, and falls back."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime import bgnbd, gammagamma, nbd
from perennial.value.lifetime.gammagamma import Spends
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.models import Pair, build
from perennial.value.lifetime.refit import InUse, refit
from perennial.value.lifetime.summary import summarise
from perennial.value.lifetime.validate import holdout, validate

AS_OF, CALIBRATION_END = date(1998, 7, 1), date(1997, 10, 1)
HOLDOUT = (AS_OF - CALIBRATION_END).days
TRUE = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
GOOD, BAD = build("bgnbd", TRUE, SPEND), build("bgnbd", TRUE, SPEND | {"v": 500.0})


@pytest.fixture(scope="module")
def published(weekly):
    """With the holdout of the papers."""
    return weekly.model_copy(update={"holdout_days": HOLDOUT})


def test_the_better_of_two_models_is_taken_with_the_published_figures(cdnow_events, published):
    result = refit(cdnow_events, published, AS_OF, None)
    assert result.verdict
    assert result.reason == "no model was in use"
    assert result.kind == "paretonbd"
    assert result.qualities["paretonbd"].spend.deviance < result.qualities["bgnbd"].spend.deviance
    found = result.fitted("bgnbd", "calibration")
    assert found is not None
    assert found.parameters == pytest.approx(TRUE, abs=0.001)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert result.period is not None
    assert set(result.period.baseline_deciles) == {"last_year", "rfm_regression"}


def test_what_scores_has_seen_the_holdout_too(cdnow_events, published):
    result = refit(cdnow_events, published.model_copy(update={"model": "bgnbd"}), AS_OF, None)
    everything = summarise(cdnow_events, AS_OF).collect()
    expected = bgnbd.fit(Histories.grouped(everything))
    found = result.fitted("bgnbd", "all")
    assert found is not None
    assert found.parameters == pytest.approx(expected.parameters, rel=1e-6)
    assert result.fitted("paretonbd", "calibration") is None


@pytest.mark.parametrize(("fitted", "competes"), [(AS_OF - timedelta(days=1), BAD), (CALIBRATION_END, GOOD)])
def test_the_model_in_use_competes_without_having_seen_the_holdout(cdnow_events, published, fitted, competes):
    """One that was fitted since knows the holdout: what it knew at its own calibration counts."""
    old = InUse("old", fitted, "bgnbd", final=GOOD, calibrated=BAD)
    result = refit(cdnow_events, published, AS_OF, old)
    period = holdout(cdnow_events, CALIBRATION_END, AS_OF)
    expected = validate(period, competes.purchases, competes.spend).spend
    assert result.qualities["in_use"].spend == expected


def test_a_refit_on_corrupted_purchases_is_rejected(cdnow_events, published):
    old = InUse("old", CALIBRATION_END, "bgnbd", GOOD, GOOD)
    earlier = pl.col("event_time").dt.date() < CALIBRATION_END
    amount = pl.when(earlier).then(pl.col("amount") * 3).otherwise("amount").cast(pl.Decimal(18, 2))
    assert refit(cdnow_events, published, AS_OF, old).verdict
    result = refit(cdnow_events.with_columns(amount=amount), published, AS_OF, old)
    assert result.verdict is not None
    assert not result.verdict


def test_a_rejected_refit_says_why_and_is_not_fitted_on_everything(cdnow_events, published):
    period = holdout(cdnow_events, CALIBRATION_END, AS_OF)
    best = Pair(
        GOOD.purchases, gammagamma.fit(Spends.grouped(summarise(cdnow_events, AS_OF).collect())).model
    )
    old = InUse("old", CALIBRATION_END, "bgnbd", best, best)
    strict = published.model_copy(update={"model": "bgnbd"})
    result = refit(cdnow_events, strict, AS_OF, old)
    new = result.qualities["bgnbd"].spend.deviance
    in_use = validate(period, best.purchases, best.spend).spend.deviance
    assert new > in_use, "the spends of the holdout made the difference"
    assert not result.verdict
    assert result.reason.startswith(f"worse than the model in use: deviance of spend {new:.5g}")
    assert {a.fitted_on for a in result.attempts} == {"calibration"}
    tolerant = refit(cdnow_events, strict.model_copy(update={"tolerance": 0.05}), AS_OF, old)
    assert tolerant.verdict
    assert tolerant.reason.startswith("within 5.0% of the model in use")


def regulars(people: int = 300, days: int = 300) -> pl.LazyFrame:
    """Customers who came at the beginning, buy at random at rates of their own, and never leave."""
    rng = np.random.default_rng(1)
    rows = []
    for person, rate in enumerate(rng.gamma(1.5, 0.05, people)):
        bought = np.flatnonzero(rng.random(days) < rate)
        rows += [(str(person), day) for day in {0, *bought.tolist()}]
    frame = pl.DataFrame(rows, schema=["person_id", "day"], orient="row").sort("person_id", "day")
    start = pl.lit(datetime(2026, 1, 1, 12, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    mean = pl.col("person_id").cast(pl.Int64) % 17 + 5
    return frame.lazy().select(
        "person_id",
        event_time=start + pl.duration(days="day"),
        amount=(mean * (100 + pl.col("day") * 37 % 91)).cast(pl.Decimal(18, 2)),
    )


def test_where_nobody_leaves_the_model_without_leaving_is_used_and_the_reason_kept(weekly):
    events, as_of = regulars(), date(2026, 10, 1)
    result = refit(events, weekly, as_of, None)
    failed = [a for a in result.attempts if a.error]
    assert {a.model for a in failed} == {"bgnbd", "paretonbd"}
    assert all("a simpler model" in str(a.error) or "apart" in str(a.error) for a in failed)
    assert result.verdict
    assert result.kind == "nbd"
    expected = nbd.fit(Histories.grouped(summarise(events, as_of).collect()))
    found = result.fitted("nbd", "all")
    assert found is not None
    assert found.parameters == pytest.approx(expected.parameters, rel=1e-6)


def test_where_everybody_is_alike_no_model_is_left_and_each_says_why(weekly):
    """Everybody buys every tenth day: rates do not differ, and nobody leaves."""
    rows = [(f"{n:03}", day) for n in range(200) for day in range(n % 10, 270, 10)]
    frame = pl.DataFrame(rows, schema=["person_id", "day"], orient="row")
    start = pl.lit(datetime(2026, 1, 1, 12, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    rng = np.random.default_rng(2)
    spends = rng.gamma(6, rng.gamma(4, 2, 200)[frame["person_id"].cast(pl.Int64).to_numpy()])
    events = frame.lazy().select(
        "person_id",
        event_time=start + pl.duration(days="day"),
        amount=pl.Series(spends).round(2).cast(pl.Decimal(18, 2)),
    )
    result = refit(events, weekly, date(2026, 9, 28), None)
    assert result.verdict is None
    failed = [a.model for a in result.attempts if a.error]
    assert failed == ["bgnbd", "paretonbd", "nbd"]
    assert all(f"{name}: " in result.reason for name in ("BG/NBD", "Pareto/NBD", "; NBD"))


def test_where_nobody_comes_back_nothing_is_fitted_and_the_reason_kept(cdnow_events, weekly):
    strangers = cdnow_events.with_row_index("n").with_columns(person_id=pl.col("n").cast(pl.String))
    result = refit(strangers, weekly, AS_OF, None)
    assert result.verdict is None
    assert result.kind is None
    assert result.reason == "0 customers have a mean repeat spend above zero: a longer period is needed"


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        (date(1997, 6, 1), "the purchases before 1997-03-02 span 60 days; calibration_days asks for 91"),
        (date(1997, 2, 1), "nobody bought before 1996-11-02"),
    ],
)
def test_too_short_a_history_is_no_error_and_is_explained(cdnow_events, weekly, as_of, said):
    result = refit(cdnow_events, weekly, as_of, None)
    assert result.verdict is None
    assert result.reason.startswith(said)
