"""Operators for the stages that compute: identities, value, profiles, audiences and insights."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from perennial.errors import TerminalError
from perennial.operators.context import as_of as day_of
from perennial.operators.stage import Counts, StageOperator, spark, store_url
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.insights.model import Process
    from perennial.lake.written import Written
    from perennial.lineage.model import Dataset
    from perennial.stages.lineage import Made
    from perennial.stages.workspace import Workspace


class ComputeValueOperator(StageOperator):
    """Rank all customers over all lookbacks, by every document in `include/value`."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.value import compute_value

        return {"rows": compute_value(workspace, as_of.date(), spark)}


class StitchIdentitiesOperator(StageOperator):
    """Find out which identities of new rows belong to one person; the day's computations begin here."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.lateness import DAILY, begin, note_arrivals
        from perennial.stages.stitching import stitch

        now = datetime.now(UTC)
        begin(workspace, DAILY, [as_of.date()], note_arrivals(workspace), now)
        return dict(stitch(workspace, now))


class BuildProfilesOperator(StageOperator):
    """Build one profile a person from records, events and value."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.profiles import build_profiles

        return {"profiles": build_profiles(workspace, as_of.date())}


class EvaluateAudiencesOperator(StageOperator):
    """Find the members of every audience that can be evaluated, who came in and who left."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.audiences import evaluate_audiences, failures
        from perennial.stages.lateness import DAILY, complete

        counts: Counts = {name: {} for name in workspace.audiences}
        for audience, status, people in evaluate_audiences(workspace, as_of.date()).iter_rows():
            counts.setdefault(audience, {})[status] = people
        complete(workspace, DAILY, [as_of.date()], datetime.now(UTC))
        return counts | {name: {"failure": why} for name, why in failures(workspace, as_of.date()).items()}


class RefuseFailedAudiencesOperator(BaseOperator):
    """Fail, at once and for good, if an audience could not be evaluated as of the run's day, and say why.

    It comes after their evaluation: the others are there by then, and the next stages go on with these.
    """

    def execute(self, context: Context) -> None:
        from perennial.stages.audiences import failures
        from perennial.stages.workspace import Workspace

        day = day_of(context).date()
        if found := failures(Workspace(Settings.from_env()), day):
            reasons = "\n".join(found.values())
            raise TerminalError(
                f"{len(found)} of the audiences could not be evaluated as of {day}:\n{reasons}"
            )


class RefreshInsightsOperator(StageOperator):
    """Refresh the star schema in one transaction.

    :param process: `daily` adds the run's day; `responses` takes in what arrived since the last time
    """

    def __init__(self, *, process: "Process" = "daily", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.process = process

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.insights import refresh_insights, unreadable

        day = as_of.date() if self.process == "daily" else None
        report = refresh_insights(workspace, store_url(), self.process, day)
        left_out = unreadable(workspace)
        for said in left_out.values():
            self.log.warning("left out of the refresh: %s", said)
        more = {"unreadable": sorted(left_out)} if left_out else {}
        return {"rows": report.rows, "days": report.days, **more}

    def made(self, workspace: "Workspace", written: "Written", counts: Counts) -> "dict[Dataset, Made]":
        from perennial.stages.lineage_beyond import in_store

        return in_store(workspace, counts["rows"])
