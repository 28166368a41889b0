"""The operator that lets people enter and leave audiences as events come."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class QualifyOperator(StageOperator):
    """Refresh the profiles of whom something is new; find who enters and leaves streamed audiences now."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.streaming import qualify

        found = qualify(workspace, datetime.now(UTC)).to_dicts()
        return {each.pop("audience"): each for each in found}
