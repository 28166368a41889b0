"""The operator for abandoned browsing: what everybody left behind as of the run's day."""

from datetime import datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class FindLeftBehindOperator(StageOperator):
    """Find the dearest product that each person left behind, by every document in `include/browsing`."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.browsing import find_left_behind

        return {"people": find_left_behind(workspace, as_of.date())}
