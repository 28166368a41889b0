"""The operator that gives channels the alerts that they have not taken yet."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class DeliverAlertsOperator(StageOperator):
    """Try again what was not taken; forget what is older than 90 days.

    What is given up after a day is told on the page *Health*, and fails nothing.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.alerts.outbox import Outbox, migrate
        from perennial.hooks.alert_channels import send

        url, now = store_url(), datetime.now(UTC)
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            outbox = Outbox(connection)
            return {**outbox.deliver(send, now), "forgotten": outbox.forget(now)}
