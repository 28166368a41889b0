"""Operators for RFM: score every customer as of the run's day, or as of many days in one pass."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from perennial.operators.context import day
from perennial.operators.stage import Counts, StageOperator
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class ComputeRfmOperator(StageOperator):
    """Score all customers by every RFM document in `include/value`."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.rfm import compute_rfm

        return {"customers": compute_rfm(workspace, as_of.date())}


class ComputeRfmDaysOperator(BaseOperator):
    """Score all customers as of each of consecutive days, in one pass.

    :param first: the first day as of which they are scored
    :param last: the last one
    """

    template_fields = ("first", "last")

    def __init__(self, *, first: str, last: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = first
        self.last = last

    def execute(self, context: Context) -> Counts:
        from perennial.stages.rfm import compute_rfm_days
        from perennial.stages.workspace import Workspace

        first, last = day(self.first, "first"), day(self.last, "last")
        counts = {"rows": compute_rfm_days(Workspace(Settings.from_env()), first, last)}
        self.log.info("%s to %s: %s", self.first, self.last, counts)
        return counts
