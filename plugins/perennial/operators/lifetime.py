"""Operators for predicted lifetime value: fit and validate models, score every customer."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.context import RunRefused
from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class FitLifetimeOperator(StageOperator):
    """Fit the models of every document of lifetime value where a refit is due, and promote what is not worse.

    The run's `force` fits although none is due; its `since` does the same for earlier days first.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.lifetime import fit_lifetime

        force = bool((context.get("params") or {}).get("force"))
        counts = fit_lifetime(workspace, as_of.date(), since=_since(context, as_of), force=force)
        for name, report in counts.items():
            for day, outcome in report["fits"].items():
                # A failed fit is no failed task where a good model is in use, but nobody should overlook it.
                say = self.log.warning if outcome.startswith("failed") else self.log.info
                say("%s as of %s: %s", name, day, outcome)
        return counts


class ScoreLifetimeOperator(StageOperator):
    """Score every customer by the model in use, and compare earlier scores with what came."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.lifetime import score_lifetime

        return score_lifetime(workspace, as_of.date(), since=_since(context, as_of))


def _since(context: Context, as_of: datetime) -> date | None:
    text = (context.get("params") or {}).get("since")
    if not text:
        return None
    try:
        since = date.fromisoformat(text[:10])
    except ValueError:
        raise RunRefused(f"since is {text!r}; expected a day such as 2017-12-25") from None
    if since > as_of.date():
        raise RunRefused(f"since is {since}, after the day as of which the run computes: {as_of.date()}")
    return since
