"""Operators for the stages that compute: value, profiles, audiences and insights."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from perennial.operators.context import day, refuse_unknown_keys
from perennial.operators.stage import Counts, StageOperator, store_url
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.insights.model import Process
    from perennial.stages.workspace import Workspace


class ComputeValueOperator(StageOperator):
    """Rank all customers over all lookbacks, by every document in `include/value`."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.value import compute_value

        return {"rows": compute_value(workspace, as_of.date())}


class PlanDaysOperator(BaseOperator):
    """Take late events into the ledgers, and divide the days that the form names into ranges."""

    def execute(self, context: Context) -> list[dict[str, str]]:
        from perennial.stages.value import plan, refresh_ledgers
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        params, workspace = context["params"], Workspace(Settings.from_env())
        first, last = (day(params[name], name) for name in ("from_day", "to_day"))
        refresh_ledgers(workspace)
        ranges = plan(workspace, first, last, only_stale=params["only_stale"])
        self.log.info("%s ranges of days to compute", len(ranges))
        return [{"first": each.first.isoformat(), "last": each.last.isoformat()} for each in ranges]


class ComputeDaysOperator(BaseOperator):
    """Rank all customers as of each of consecutive days, in one pass.

    :param first: the first day as of which they are ranked
    :param last: the last one
    """

    template_fields = ("first", "last")

    def __init__(self, *, first: str, last: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = first
        self.last = last

    def execute(self, context: Context) -> Counts:
        from perennial.stages.value import Range, compute_days
        from perennial.stages.workspace import Workspace

        days = Range(day(self.first, "first"), day(self.last, "last"))
        counts = {"changed_rows": compute_days(Workspace(Settings.from_env()), days)}
        self.log.info("%s to %s: %s", self.first, self.last, counts)
        return counts


class BuildProfilesOperator(StageOperator):
    """Build one profile a person from records, events and value."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.profiles import build_profiles

        return {"profiles": build_profiles(workspace, as_of.date())}


class EvaluateAudiencesOperator(StageOperator):
    """Find the members of every audience, who came in and who left."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.audiences import evaluate_audiences

        counts: Counts = {name: {} for name in workspace.audiences}
        for audience, status, people in evaluate_audiences(workspace, as_of.date()).iter_rows():
            counts[audience][status] = people
        return counts


class RefreshInsightsOperator(StageOperator):
    """Refresh the star schema in one transaction.

    :param process: `daily` adds the run's day; `responses` takes in what arrived since the last time
    """

    def __init__(self, *, process: "Process" = "daily", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.process = process

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.insights import refresh_insights

        day = as_of.date() if self.process == "daily" else None
        report = refresh_insights(workspace, store_url(), self.process, day)
        return {"rows": report.rows, "days": report.days}
