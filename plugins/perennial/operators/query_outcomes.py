"""Runs of scheduled queries in; how many failed in a row, on the query's asset, where Airflow shows it, out.

Ten failures in a row are a quarantine: Airflow pauses the Dag, and who wants to hear of it is told.
"""

from typing import Any

from airflow.sdk import Asset, Context

from perennial.operators.alerts import about_batch, tell
from perennial.queries.scheduled import QUARANTINED_AFTER, ScheduledQuery

FAILURES = "failures_in_a_row"


class Outcome:
    """Takes note of an outcome.

    :param succeeded: which one it is
    """

    def __init__(self, query: ScheduledQuery, asset: Asset, *, succeeded: bool) -> None:
        self.query, self.asset, self.succeeded = query, asset, succeeded

    def __call__(self, context: Context) -> None:
        store: Any = context["asset_state_store"][self.asset]
        failures = 0 if self.succeeded else int(store.get(FAILURES, default=0)) + 1
        store.set(FAILURES, failures)
        if failures == QUARANTINED_AFTER and self.query.quarantine:
            said = f"{self.query.title} failed {failures} times in a row and is quarantined."
            error = f"{context.get('exception') or ''}"
            tell(about_batch(context, "quarantine", self.query.name, said, error))
