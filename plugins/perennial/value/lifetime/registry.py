"""Refits in, rows of a table that only grows out; and back: which model was in use as of a day.

A fit is known by its definition and its day. Run again with the same outcome it leaves no row; with another
one, as when purchases arrived late, it leaves a revision, and the newest revision counts. So a day asked for
today sees what it saw then, and never a model that came later.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import polars as pl

from perennial.lake.tables import Table
from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.lifetime.fitting import Fit
from perennial.value.lifetime.models import build
from perennial.value.lifetime.names import SPEND
from perennial.value.lifetime.quality import Errors
from perennial.value.lifetime.refit import Attempt, InUse, Refit

GUARD = "models/lifetime"
"""The name under which fits are committed, so that two at once are noticed."""
PROMOTED, REJECTED, FAILED = "promoted", "rejected", "failed"


class Registry:
    """The fits of one definition."""

    def __init__(self, table: Table, definition: LifetimeDefinition) -> None:
        self._table, self._definition = table, definition

    def fits(self, until: date) -> pl.DataFrame:
        """All fits as of this day or earlier under the settings that the definition has now, newest first."""
        mine = current(self._table).filter(
            pl.col("as_of") <= until, definition=self._definition.name, settings=self._definition.settings
        )
        return mine.sort("as_of", descending=True).collect()

    def in_use(self, as_of: date) -> InUse | None:
        """The newest model that was promoted as of this day or earlier; None if there is none."""
        promoted = self.fits(as_of).filter(status=PROMOTED)
        return in_use(promoted.row(0, named=True)) if promoted.height else None

    def is_due(self, as_of: date) -> bool:
        """Whether a fit is due: within the `refit_days` before the day none ended, or the last one failed."""
        ended = self.fits(day_before(as_of)).filter(pl.col("status") != FAILED)
        return not ended.height or (as_of - ended["as_of"][0]).days >= self._definition.refit_days

    def record(self, refit: Refit, compared_with: InUse | None) -> dict[str, Any]:
        """Keep a refit, unless it is known already; returns its row."""
        version = self._table.version()
        known = self._known(refit.as_of)
        row = _row(refit, self._definition, compared_with)
        row["revision"] = 0 if known is None else known["revision"]
        if known == row:
            return row
        row["revision"] += known is not None
        rows = pl.DataFrame([row], schema=self._table.schema)
        self._table.append(rows, transactions=[(GUARD, version + 1)], since=version)
        return row

    def _known(self, as_of: date) -> dict[str, Any] | None:
        name = self._definition.name
        rows = current(self._table).filter(definition=name, as_of=as_of).collect()
        return rows.row(0, named=True) if rows.height else None


def current(table: Table) -> pl.LazyFrame:
    """Every fit of all definitions in its newest revision."""
    return table.scan().filter(pl.col("revision") == pl.col("revision").max().over("definition", "as_of"))


def day_before(day: date) -> date:
    """What a fit meets was in use before it."""
    return day - timedelta(days=1)


def _row(refit: Refit, definition: LifetimeDefinition, compared_with: InUse | None) -> dict[str, Any]:
    status = FAILED if refit.verdict is None else PROMOTED if refit.verdict else REJECTED
    return {
        "fit_id": f"{definition.name}-{refit.as_of}",
        "definition": definition.name,
        "as_of": refit.as_of,
        "revision": 0,
        "settings": definition.settings,
        "calibration_end": refit.calibration_end,
        "holdout_end": refit.as_of,
        "status": status,
        "reason": refit.reason,
        "model": refit.kind,
        "compared_with": compared_with.fit_id if compared_with else None,
        "fits": [_fit(attempt) for attempt in refit.attempts],
        "quality": [*_qualities(refit)],
        "deciles": [*_deciles(refit)],
    }


def _fit(attempt: Attempt) -> dict[str, Any]:
    fit: Fit[Any] | None = attempt.fit
    return {
        "model": attempt.model,
        "fitted_on": attempt.fitted_on,
        "error": attempt.error,
        "customers": fit and fit.customers,
        "log_likelihood": fit and fit.log_likelihood,
        "parameters": []
        if fit is None
        else [
            {"name": name, "value": value, "standard_error": fit.standard_errors[name]}
            for name, value in fit.parameters.items()
        ],
    }


def _qualities(refit: Refit) -> Any:
    for predictor, quality in refit.qualities.items():
        yield _measures(predictor, "spend", quality.spend)
        yield _measures(predictor, "purchases", quality.purchases)
    if refit.period is not None:
        for predictor, errors in refit.period.baselines.items():
            yield _measures(predictor, "spend", errors)


def _measures(predictor: str, target: str, errors: Errors) -> dict[str, Any]:
    # What is not a number is null: NaN is not even equal to itself.
    found = {name: None if value != value else value for name, value in asdict(errors).items()}
    return {"predictor": predictor, "target": target, **found}


def _deciles(refit: Refit) -> Any:
    tables: dict[tuple[str, str], pl.DataFrame] = {}
    for predictor, quality in refit.qualities.items():
        tables[predictor, "spend"] = quality.spend_deciles
        tables[predictor, "purchases"] = quality.purchase_deciles
    if refit.period is not None:
        tables |= {(name, "spend"): table for name, table in refit.period.baseline_deciles.items()}
        tables |= {("perfect", target): table for target, table in refit.period.best.items()}
    for (predictor, target), table in tables.items():
        yield from ({"predictor": predictor, "target": target, **row} for row in table.iter_rows(named=True))


def in_use(row: Mapping[str, Any]) -> InUse:
    """A promoted model from its row."""
    fits = {(fit["model"], fit["fitted_on"]): fit["parameters"] for fit in row["fits"]}

    def parameters(model: str, fitted_on: str) -> dict[str, float]:
        return {each["name"]: each["value"] for each in fits[model, fitted_on]}

    pairs = {
        fitted_on: build(row["model"], parameters(row["model"], fitted_on), parameters(SPEND, fitted_on))
        for fitted_on in ("all", "calibration")
    }
    return InUse(row["fit_id"], row["as_of"], row["model"], pairs["all"], pairs["calibration"])
