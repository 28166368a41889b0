"""Purchases up to a day, and the model in use, in; a new model, validated, and the verdict on it, out.

Candidates are fitted on what lies before the holdout and predict it; the best of them meets the model in use
on the same customers and the same days. One that may take its place is then fitted once more on all purchases
up to the day, the holdout included: these are the parameters that score.

The model in use must not have seen the holdout either. Its own parameters compete where they were fitted
before the holdout begins, otherwise those that it had at the end of its own calibration.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from perennial.value.lifetime import gammagamma
from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.lifetime.fitting import Fit, FitError
from perennial.value.lifetime.gammagamma import Spends
from perennial.value.lifetime.histories import Histories
from perennial.value.lifetime.models import FITS, Pair
from perennial.value.lifetime.names import FALLBACK, NAMES, SPEND
from perennial.value.lifetime.quality import ValidationError
from perennial.value.lifetime.summary import summarise
from perennial.value.lifetime.validate import Holdout, Quality, Verdict, holdout, is_better, validate


@dataclass(frozen=True)
class InUse:
    """A model that was promoted: its parameters, and those that it had before its own holdout."""

    fit_id: str
    as_of: date
    kind: str
    final: Pair
    calibrated: Pair

    def before(self, day: date) -> Pair:
        """Parameters that know nothing of what came on this day or later."""
        return self.final if self.as_of <= day else self.calibrated


@dataclass(frozen=True)
class Attempt:
    """A model, fitted on the `calibration` or on `all` purchases: the fit, or why there is none."""

    model: str
    fitted_on: str
    fit: Fit[Any] | None
    error: str | None = None


@dataclass
class Refit:
    """What came of it; without a verdict, nothing could be fitted and `reason` says why."""

    as_of: date
    calibration_end: date
    kind: str | None = None
    verdict: Verdict | None = None
    reason: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    period: Holdout | None = None
    qualities: dict[str, Quality] = field(default_factory=dict)
    """By the name of the model; that of the model in use is `in_use`."""

    def fitted(self, model: str, fitted_on: str) -> Fit[Any] | None:
        """The fit of a model, if there is one."""
        found = (a.fit for a in self.attempts if (a.model, a.fitted_on) == (model, fitted_on))
        return next(found, None)


def refit(events: pl.LazyFrame, definition: LifetimeDefinition, as_of: date, in_use: InUse | None) -> Refit:
    """Fit, validate, compare; what cannot be fitted is no error. `events`: the definition's `purchases`."""
    result = Refit(as_of, definition.calibration_end(as_of))
    try:
        _refit(result, events, definition, in_use)
    except (FitError, ValidationError) as error:
        result.reason = str(error)
    return result


def _refit(result: Refit, events: pl.LazyFrame, definition: LifetimeDefinition, in_use: InUse | None) -> None:
    period = holdout(events, result.calibration_end, result.as_of, definition.convention)
    _long_enough(period, definition)
    result.period = period
    old = None
    if in_use is not None:
        old = result.qualities["in_use"] = validate(period, *_parts(in_use.before(period.calibration_end)))
    every = None
    for kind in _candidates(result, period, definition):
        verdict = is_better(result.qualities[kind], old, definition.tolerance)
        if verdict:
            if every is None:
                summary = summarise(events, result.as_of, definition.convention).sort("person_id")
                every = summary.collect(engine="streaming")
            if _fit(result, kind, "all", every) is None:
                continue
        result.kind, result.verdict, result.reason = kind, verdict, verdict.reason
        return
    result.reason = "; ".join(f"{NAMES[a.model]}: {a.error}" for a in result.attempts if a.error)


def _candidates(result: Refit, period: Holdout, definition: LifetimeDefinition) -> Iterator[str]:
    """Models that could be fitted before the holdout, the best first; if need be, the one that is left."""
    for kind in definition.kinds:
        _calibrate(result, kind, period)
    yield from sorted(
        (kind for kind in definition.kinds if kind in result.qualities),
        key=lambda kind: result.qualities[kind].spend.deviance,
    )
    if _calibrate(result, FALLBACK, period):
        yield FALLBACK


def _calibrate(result: Refit, kind: str, period: Holdout) -> bool:
    pair = _fit(result, kind, "calibration", period.customers)
    if pair is not None:
        result.qualities[kind] = validate(period, *_parts(pair))
    return pair is not None


def _fit(result: Refit, kind: str, fitted_on: str, customers: pl.DataFrame) -> Pair | None:
    """Fit a pair, and take note of it; None where there is no maximum."""
    spend = result.fitted(SPEND, fitted_on)
    if spend is None:
        spend = gammagamma.fit(Spends.grouped(customers))
        result.attempts.append(Attempt(SPEND, fitted_on, spend))
    try:
        purchases = FITS[kind](Histories.grouped(customers))
    except FitError as error:
        result.attempts.append(Attempt(kind, fitted_on, None, str(error)))
        return None
    result.attempts.append(Attempt(kind, fitted_on, purchases))
    return Pair(purchases.model, spend.model)


def _parts(pair: Pair) -> tuple[Any, Any]:
    return pair.purchases, pair.spend


def _long_enough(period: Holdout, definition: LifetimeDefinition) -> None:
    days = int(period.history_days)
    if days < definition.calibration_days:
        raise ValidationError(
            f"the purchases before {period.calibration_end} span {days} days; calibration_days asks for "
            f"{definition.calibration_days}"
        )
