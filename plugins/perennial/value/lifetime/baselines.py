"""Summaries at the end of a calibration period in; what simple rules predict of the holdout, out.

A model of lifetime value has to beat what one has without it: last year's spend carried forward, and a linear
regression on recency, frequency and spend.
"""

import numpy as np
import polars as pl

from perennial.value.lifetime.histories import Floats
from perennial.value.lifetime.quality import ValidationError

DAYS_A_YEAR = 365.0
FEATURES = ["frequency", "recency", "age", "spend", "mean_spend"]


def carried_forward(summary: pl.DataFrame, history_days: float, holdout_days: float) -> Floats:
    """Last year's spend, in proportion to the holdout's length; with a shorter history, that history's
    spend.
    """
    days = min(DAYS_A_YEAR, history_days)
    if days <= 0:
        raise ValidationError("there is no history before the holdout to carry forward")
    spend = summary["spend_last_year"].cast(pl.Float64).to_numpy()
    return np.asarray(np.maximum(spend, 0) * holdout_days / days)


def regression(training: pl.DataFrame, summary: pl.DataFrame, scale: float = 1.0) -> Floats:
    """Least squares of the spend to come on recency, frequency, age and spend.

    `training` is a summary with `holdout_spend` that ends before the holdout: the regression must not have
    seen what it predicts. `scale` is the holdout's length over that of the training's holdout. Never below
    zero.
    """
    if training.height <= len(FEATURES) + 1:
        raise ValidationError(f"{training.height} customers are too few to train a regression on")
    design, target = _features(training), training["holdout_spend"].cast(pl.Float64).to_numpy()
    middle, spread = design.mean(axis=0), design.std(axis=0)
    spread[spread == 0] = 1.0
    coefficients, *_ = np.linalg.lstsq(_with_one((design - middle) / spread), target, rcond=None)
    predicted = _with_one((_features(summary) - middle) / spread) @ coefficients
    return np.asarray(np.maximum(predicted, 0) * scale)


def _features(summary: pl.DataFrame) -> Floats:
    return np.asarray(summary.select(pl.col(FEATURES).cast(pl.Float64).fill_null(0.0)).to_numpy())


def _with_one(design: Floats) -> Floats:
    return np.column_stack([np.ones(len(design)), design])
