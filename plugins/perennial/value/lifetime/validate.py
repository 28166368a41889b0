"""Events, the end of a calibration period and the end of a holdout in; how well models predict the holdout,
out.

A refit is compared with the model in use on the same customers and the same holdout, and takes its place only
if it is not worse.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from perennial.value.lifetime import baselines
from perennial.value.lifetime.gammagamma import GammaGamma
from perennial.value.lifetime.predictions import PurchaseModel
from perennial.value.lifetime.quality import Errors, ValidationError, by_decile, measure
from perennial.value.lifetime.score import Horizon, score
from perennial.value.lifetime.summary import WEEKS, Convention, summarise


@dataclass(frozen=True)
class Holdout:
    """What is known at the end of the calibration, what came afterwards, and what simple rules made of it."""

    calibration_end: date
    holdout_end: date
    convention: Convention
    customers: pl.DataFrame
    """Summaries with `holdout_purchases` and `holdout_spend`."""
    history_days: int
    """From the first purchase of all to the end of the calibration."""
    baselines: dict[str, Errors]
    """Of spend: `last_year` and `rfm_regression`; one that the history is too short for is missing."""
    baseline_deciles: dict[str, pl.DataFrame]
    """Of spend, by decile of what the baseline predicts."""
    best: dict[str, pl.DataFrame]
    """`spend` and `purchases` by decile of what came: nothing could rank customers better."""

    @property
    def length(self) -> float:
        """In the convention's unit of time."""
        return self.convention.units(self.calibration_end, self.holdout_end)


@dataclass(frozen=True)
class Quality:
    """How well a pair of models predicted a holdout."""

    calibration_end: date
    holdout_end: date
    purchases: Errors
    spend: Errors
    purchase_deciles: pl.DataFrame
    spend_deciles: pl.DataFrame
    baselines: dict[str, Errors]

    @property
    def beats_baselines(self) -> bool:
        """Whether spend is predicted better than by each of the simple rules."""
        return all(self.spend.deviance < simple.deviance for simple in self.baselines.values())


@dataclass(frozen=True)
class Verdict:
    """Whether a refit takes the place of the model in use, and why."""

    better: bool
    reason: str

    def __bool__(self) -> bool:
        return self.better


def holdout(
    events: pl.LazyFrame, calibration_end: date, holdout_end: date, convention: Convention = WEEKS
) -> Holdout:
    """Summarise the customers of a calibration period, and let the baselines predict what came."""
    if holdout_end <= calibration_end:
        raise ValidationError(f"the holdout ends on {holdout_end}, not after {calibration_end}")
    customers = _summary(events, calibration_end, holdout_end, convention)
    if not customers.height:
        raise ValidationError(f"nobody bought before {calibration_end}: there is nothing to calibrate on")
    days = (holdout_end - calibration_end).days
    history = round(float(customers["age"].to_numpy().max()) * convention.unit_days) + 1
    simple = {"last_year": baselines.carried_forward(customers, history, days)}
    # The regression learns from an end before the holdout, over as long a time if the history allows it.
    learnt = min(days, history // 2)
    if learnt:
        before = calibration_end - timedelta(days=learnt)
        training = _summary(events, before, calibration_end, convention)
        if training.height > len(baselines.FEATURES) + 1:
            simple["rfm_regression"] = baselines.regression(training, customers, days / learnt)
    actual = customers["holdout_spend"].cast(pl.Float64).to_numpy()
    bought = customers["holdout_purchases"].cast(pl.Float64).to_numpy()
    return Holdout(
        calibration_end=calibration_end,
        holdout_end=holdout_end,
        convention=convention,
        customers=customers,
        history_days=history,
        baselines={name: measure(predicted, actual) for name, predicted in simple.items()},
        baseline_deciles={name: by_decile(predicted, actual) for name, predicted in simple.items()},
        best={"spend": by_decile(actual, actual), "purchases": by_decile(bought, bought)},
    )


def validate(period: Holdout, purchases: PurchaseModel, spend: GammaGamma) -> Quality:
    """Let models predict the holdout; they must be fitted on what lies before it."""
    scored = score(period.customers, purchases, spend, Horizon(period.length))
    bought = scored["holdout_purchases"].cast(pl.Float64).to_numpy()
    spent = scored["holdout_spend"].cast(pl.Float64).to_numpy()
    expected = scored["expected_purchases"].to_numpy()
    worth = scored["predicted_spend"].to_numpy()
    return Quality(
        calibration_end=period.calibration_end,
        holdout_end=period.holdout_end,
        purchases=measure(expected, bought),
        spend=measure(worth, spent),
        purchase_deciles=by_decile(expected, bought),
        spend_deciles=by_decile(worth, spent),
        baselines=period.baselines,
    )


def is_better(new: Quality, old: Quality | None, tolerance: float = 0.0) -> Verdict:
    """Whether a refit may be promoted: its deviance of spend is not above that of the model in use.

    Both must have predicted the same holdout of the same customers. `tolerance` is a share by which the new
    one may be worse; equal is good enough, since the newer model has seen more.
    """
    if old is None:
        return Verdict(True, "no model was in use")
    if (new.calibration_end, new.holdout_end, new.spend.customers) != (
        old.calibration_end,
        old.holdout_end,
        old.spend.customers,
    ):
        raise ValidationError(
            f"a model validated from {new.calibration_end} to {new.holdout_end} on {new.spend.customers} "
            f"customers cannot be compared with one from {old.calibration_end} to {old.holdout_end} on "
            f"{old.spend.customers}: validate both on the same holdout"
        )
    figures = f"deviance of spend {new.spend.deviance:.5g}, in use {old.spend.deviance:.5g}"
    if new.spend.deviance <= old.spend.deviance:
        return Verdict(True, f"not worse than the model in use: {figures}")
    if new.spend.deviance <= old.spend.deviance * (1 + tolerance):
        return Verdict(True, f"within {tolerance:.1%} of the model in use: {figures}")
    return Verdict(False, f"worse than the model in use: {figures}")


def _summary(events: pl.LazyFrame, end: date, holdout_end: date, convention: Convention) -> pl.DataFrame:
    return summarise(events, end, convention, holdout_end).sort("person_id").collect(engine="streaming")
