"""Operators for ranges of past days: a form's days in, ranges that are computed in one pass each out."""

from abc import abstractmethod
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator, Context

from perennial.operators.context import RunRefused, day, refuse_unknown_keys
from perennial.operators.stage import Counts, spark
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class PlanDaysOperator(BaseOperator):
    """Take late events into the ledgers, and divide the days that the form names into ranges.

    :param asset: whose event says which ranges they are
    """

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset

    def execute(self, context: Context) -> list[dict[str, str]]:
        from perennial.stages.value import plan
        from perennial.stages.value_ledgers import refresh_ledgers
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        params, workspace = context["params"], Workspace(Settings.from_env())
        first, last = (day(params[name], name) for name in ("from_day", "to_day"))
        if first > last:
            raise RunRefused(f"from_day is {first}, after to_day: {last}")
        refresh_ledgers(workspace)
        ranges = [
            {"first": each.first.isoformat(), "last": each.last.isoformat()}
            for each in plan(workspace, first, last, only_stale=params["only_stale"])
        ]
        self.log.info("%s ranges of days to compute", len(ranges))
        context["outlet_events"][self.asset].extra = {"ranges": ranges}
        return ranges


class DaysOperator(BaseOperator):
    """Computes something as of each of consecutive days; what `run` returns stands on the asset's event.

    :param asset: what is left behind
    :param first: the first day as of which it is computed
    :param last: the last one
    """

    template_fields = ("first", "last")

    def __init__(self, *, asset: Asset, first: str, last: str, **kwargs: Any) -> None:
        # An operator that is mapped names its outlets itself, for the scheduler to know them beforehand.
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset
        self.first = first
        self.last = last

    @abstractmethod
    def run(self, workspace: "Workspace", first: date, last: date) -> Counts:
        """Compute the days; returns counts that a person wants to see."""

    def execute(self, context: Context) -> Counts:
        from perennial.stages.workspace import Workspace

        first, last = day(self.first, "first"), day(self.last, "last")
        counts = self.run(Workspace(Settings.from_env()), first, last)
        self.log.info("%s to %s: %s", self.first, self.last, counts)
        named = {"first": first.isoformat(), "last": last.isoformat(), **counts}
        context["outlet_events"][self.asset].extra = named
        return counts


class ComputeDaysOperator(DaysOperator):
    """Rank all customers as of each of consecutive days, in one pass."""

    def run(self, workspace: "Workspace", first: date, last: date) -> Counts:
        from perennial.stages.value import Range, compute_days

        return {"changed_rows": compute_days(workspace, Range(first, last), spark)}


class ComputeRfmDaysOperator(DaysOperator):
    """Score all customers as of each of consecutive days, in one pass."""

    def run(self, workspace: "Workspace", first: date, last: date) -> Counts:
        from perennial.stages.rfm import compute_rfm_days

        return {"rows": compute_rfm_days(workspace, first, last, spark)}
