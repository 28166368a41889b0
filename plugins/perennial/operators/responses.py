"""Operators for responses: what came back from recipients, into the lake."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class LandResponsesOperator(StageOperator):
    """Land every event that came since the last landing, each once; run again, it changes nothing.

    Events come from webhooks, from the links of our own campaigns, and from what mail servers said to these.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.campaigns.ledger import migrate
        from perennial.responses.campaigns import land_ledger, land_log
        from perennial.responses.land import land, land_all
        from perennial.responses.log import webhook_log
        from perennial.stages.campaigns import titles

        spool, lake, named = workspace.settings.spool, workspace.lake, titles(workspace)
        url = store_url()
        migrate(url)
        # What lies beside the webhooks' folder came before each process had a partition of its own.
        report = land(spool / "sendgrid", lake) + land_all(webhook_log(spool).spool / "sendgrid", lake)
        report += land_log(spool, lake, named)
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        return (report + land_ledger(url, lake, named, now)).as_dict()
