"""The operator for RFM: score every customer as of the run's day."""

from datetime import datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator, spark

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class ComputeRfmOperator(StageOperator):
    """Score all customers by every RFM document in `include/value`."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.rfm import compute_rfm

        return {"customers": compute_rfm(workspace, as_of.date(), spark)}
