"""What was predicted for each customer and what came, in; measures of how good the prediction was, out.

The deviance decides which of two models is better. Like squared error it is least, in expectation, for the
true mean, which absolute error is not where most customers buy nothing; unlike squared error it does not
hang on the few greatest customers.
"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from perennial.errors import TerminalError
from perennial.value.lifetime.histories import Floats

BUCKETS = 10


class ValidationError(TerminalError):
    """Predictions that cannot be compared with what came, or with each other."""


@dataclass(frozen=True)
class Errors:
    """How far a prediction was from what came; in purchases or in money."""

    customers: int
    predicted: float
    """In total."""
    actual: float
    """In total."""
    total_error: float
    """predicted / actual - 1; not a number where nothing came."""
    absolute_error: float
    """Mean over customers."""
    squared_error: float
    """Root of the mean over customers."""
    deviance: float
    """Mean over customers of 2 (y log(y/ŷ) - y + ŷ), y being what came and not below zero."""
    gain: float
    """1 if the ranking is the one of what came, 0 if it is as good as chance (the normalised Gini index)."""
    top_lift: float
    """What the best-ranked tenth brought, over what a tenth of all brought."""


def measure(predicted: Floats, actual: Floats) -> Errors:
    """Compare arrays of one length, one element a customer."""
    predicted, actual = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if predicted.shape != actual.shape or not len(actual):
        raise ValidationError(f"{len(predicted)} predictions for {len(actual)} customers")
    if not (np.isfinite(predicted).all() and np.isfinite(actual).all()):
        raise ValidationError("predictions and what came are finite numbers; some are not")
    total = float(actual.sum())
    ranked = actual[_order(predicted)]
    tenth = -(-len(actual) // BUCKETS)
    best = _area(actual[_order(actual)])
    return Errors(
        customers=len(actual),
        predicted=float(predicted.sum()),
        actual=total,
        total_error=float(predicted.sum()) / total - 1 if total else math.nan,
        absolute_error=float(np.abs(predicted - actual).mean()),
        squared_error=float(np.sqrt(np.square(predicted - actual).mean())),
        deviance=_deviance(predicted, actual),
        gain=_area(ranked) / best if total > 0 and best > 0 else math.nan,
        top_lift=float(ranked[:tenth].mean() / actual.mean()) if total > 0 else math.nan,
    )


def by_decile(predicted: Floats, actual: Floats, buckets: int = BUCKETS) -> pl.DataFrame:
    """Calibration: one row per decile of the prediction, 1 being the greatest.

    Columns `decile`, `customers`, `predicted` and `actual` (means of a customer), `lift` (the actual mean
    over that of all) and `gain` (the share of the whole that this and the better deciles brought).
    """
    order = _order(np.asarray(predicted, dtype=np.float64))
    # NTILE: sizes differ by at most one, and the first take the surplus.
    parts = [part for part in np.array_split(order, buckets) if len(part)]
    total = float(np.sum(actual))
    mean, brought, rows = total / len(order), 0.0, []
    for decile, part in enumerate(parts, start=1):
        brought += float(actual[part].sum())
        rows.append(
            {
                "decile": decile,
                "customers": len(part),
                "predicted": float(predicted[part].mean()),
                "actual": float(actual[part].mean()),
                "lift": float(actual[part].mean()) / mean if total else None,
                "gain": brought / total if total else None,
            }
        )
    floats = ["predicted", "actual", "lift", "gain"]
    return pl.DataFrame(rows).cast({"decile": pl.Int16, **dict.fromkeys(floats, pl.Float64)})


def _deviance(predicted: Floats, actual: Floats) -> float:
    came = np.maximum(actual, 0)
    # A prediction of nothing where something came is infinitely wrong: it counts as a hundredth of the mean.
    least = max(float(came.mean()), 1e-9) / 100
    expected = np.maximum(predicted, least)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(came > 0, came * np.log(came / expected), 0.0)
    return float(2 * (logs - came + expected).mean())


def _order(values: Floats) -> np.ndarray:
    """Greatest first; equal ones as they stand."""
    return np.argsort(-values, kind="stable")


def _area(ranked: Floats) -> float:
    """Between the curve of gains and the diagonal."""
    shares = np.cumsum(ranked) / ranked.sum() if ranked.sum() else np.zeros(len(ranked))
    return float(np.mean(shares) - (len(ranked) + 1) / (2 * len(ranked)))
