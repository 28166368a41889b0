"""Operators for responses: what the collector received, into the lake."""

from datetime import datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class LandResponsesOperator(StageOperator):
    """Land every webhook event that came since the last landing, each once; run again, it changes nothing."""

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.responses.land import land

        return land(workspace.settings.spool / "sendgrid", workspace.lake).as_dict()
