"""Events in; models of lifetime value, everybody's scores as of a day, and what came of earlier ones, out."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.lake.lifetime import LIFETIME_ACTUALS
from perennial.stages.whose import customers
from perennial.stages.workspace import Workspace
from perennial.value.lifetime.actuals import SCORED, actuals
from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.lifetime.refit import refit
from perennial.value.lifetime.registry import FAILED, Registry, day_before
from perennial.value.lifetime.scores import scores

Report = dict[str, dict[str, Any]]
"""By the name of the definition."""


class NoModel(TerminalError):
    """No model of lifetime value is in use, and none could be fitted."""


def fit_lifetime(
    workspace: Workspace, as_of: date, *, since: date | None = None, force: bool = False
) -> Report:
    """Fit, validate and promote where a refit is due, or on every day with `force`.

    With `since`, also as of that day and every `refit_days` after it. A fit that fails leaves the last good
    model in use; raises `NoModel`, after all is recorded, if there is none as of `as_of`.
    """
    report: Report = {}
    missing = []
    for name, definition in workspace.lifetime.items():
        registry = _registry(workspace, definition)
        events = definition.purchases(customers(workspace, definition.dataset, definition.identity))
        fits = {}
        for day in days(definition, as_of, since):
            if force or registry.is_due(day):
                old = registry.in_use(day_before(day))
                row = registry.record(refit(events, definition, day, old), old)
                fits[str(day)] = f"{row['status']}: {row['reason']}"
        model = registry.in_use(as_of)
        report[name] = {"in_use": model.fit_id if model else None, "fits": fits}
        if model is None:
            missing.append(_explain(workspace, definition, as_of, fits))
    if missing:
        raise NoModel("\n".join(missing))
    return report


def score_lifetime(workspace: Workspace, as_of: date, *, since: date | None = None) -> Report:
    """Score everybody by the model in use as of the day, and compare earlier scores with what came.

    With `since`, also as of that day and every `refit_days` after it. Where no model is in use, nobody is
    scored.
    """
    report: Report = {}
    for name, definition in workspace.lifetime.items():
        registry = _registry(workspace, definition)
        events = definition.purchases(customers(workspace, definition.dataset, definition.identity))
        for day in days(definition, as_of, since):
            model = registry.in_use(day)
            report[name] = {"model": model.fit_id if model else None, "customers": 0}
            table = workspace.lake.lifetime(name)
            if model is None:
                if str(day) in table.partitions():
                    # By a model that may no longer be used, as after a change of the document.
                    table.replace(table.scan().filter(as_of=day).collect().clear(), day)
                continue
            scored = scores(events, definition, day, model)
            table.replace(scored.with_columns(as_of=pl.lit(day)), day)
            compared = pl.concat(_compare(workspace, definition, registry, events, day))
            workspace.lake.lifetime_actuals(name).replace(compared, day)
            report[name]["customers"] = scored.height
            report[name]["predicted_value"] = round(scored["predicted_value"].sum())
    return report


def days(definition: LifetimeDefinition, as_of: date, since: date | None) -> Iterator[date]:
    """The days of a run: those since a first one, a refit apart, and at last the run's own."""
    day = since or as_of
    while day < as_of:
        yield day
        day += timedelta(days=definition.refit_days)
    yield as_of


def _compare(
    workspace: Workspace, definition: LifetimeDefinition, registry: Registry, events: pl.LazyFrame, day: date
) -> Iterator[pl.DataFrame]:
    """Scores of the days on which models were fitted, until their horizon is over."""
    yield pl.DataFrame(schema=LIFETIME_ACTUALS)
    table = workspace.lake.lifetime(definition.name).scan()
    oldest = day - timedelta(days=definition.horizon_days + definition.refit_days)
    fitted = registry.fits(day_before(day)).filter(pl.col("status") != FAILED, pl.col("as_of") >= oldest)
    for scored_as_of in fitted["as_of"].sort():
        scored = table.filter(as_of=scored_as_of).select(SCORED).collect()
        model = registry.in_use(scored_as_of)
        if scored.height and model is not None:
            rows = actuals(scored, model.final.purchases, events, definition, scored_as_of, day)
            yield rows.select(pl.lit(day).alias("as_of"), pl.all())


def _registry(workspace: Workspace, definition: LifetimeDefinition) -> Registry:
    return Registry(workspace.lake.lifetime_models, definition)


def _explain(workspace: Workspace, definition: LifetimeDefinition, as_of: date, fits: dict[str, str]) -> str:
    return (
        f"{definition.name}: no model of lifetime value is in use as of {as_of}, and none could be fitted: "
        f"{fits.get(str(as_of), 'no fit was due')}. Fits need {definition.calibration_days} days of "
        f"purchases before a holdout of {definition.holdout_days}: load a longer history, or shorten "
        f"calibration_days and holdout_days in {workspace.settings.include}/value/{definition.name}.yaml"
    )
