"""The operator of scheduled queries: a run's interval in, rows in the query's table and their counts out."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from perennial.operators.context import RunRefused, refuse_unknown_keys
from perennial.operators.lineage import TellsLineage
from perennial.operators.stage import store_url
from perennial.queries.scheduled import INTERVAL
from perennial.settings import Settings


class RunQueryOperator(TellsLineage, BaseOperator):
    """Run a file of `include/sql/queries`; run again, it leaves the same rows.

    :param query: the file's name
    :param cron: its schedule, which says what a run by hand is about
    :param asset: its table
    """

    def __init__(self, *, query: str, cron: str, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.query = query
        self.cron = cron
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        from perennial.lake.written import watched
        from perennial.stages.lineage_beyond import queried
        from perennial.stages.scheduled_queries import Run, run_scheduled
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        start, end = interval(context, self.cron)
        params: Mapping[str, Any] = context.get("params") or {}
        given = {name: value for name, value in params.items() if name not in INTERVAL}
        run = Run(start, end, context["dag_run"].start_date or datetime.now(UTC), given)
        workspace = Workspace(Settings.from_env())
        with watched() as written:
            counts = run_scheduled(workspace, self.query, run, lambda: store_url("perennial_store_reader"))
        self.tell(workspace, lambda: queried(workspace, self.query, written, counts.get("snapshots") or {}))
        self.log.info("%s to %s: %s", start, end, counts)
        context["outlet_events"][self.asset].extra = counts
        return counts


def interval(context: Context, cron: str) -> tuple[datetime, datetime]:
    """What a run is about: its form's moments, its own data interval, or the last that ended before it."""
    params: Mapping[str, Any] = context.get("params") or {}
    given = [params.get(name) for name in INTERVAL]
    if any(given):
        if not all(given):
            raise RunRefused("interval_start and interval_end go together")
        start, end = (_moment(str(text)) for text in given)
        if start >= end:
            raise RunRefused(f"interval_start, {start}, is not before interval_end, {end}")
        return start, end
    run = context["dag_run"]
    start, end = run.data_interval_start, run.data_interval_end
    if start is not None and end is not None and start < end:
        return start.astimezone(UTC), end.astimezone(UTC)
    from croniter import croniter

    # Begun a moment later, a run at the very tick is about the interval that ends there.
    ticks = croniter(cron, run.run_after.astimezone(UTC) + timedelta(microseconds=1), ret_type=datetime)
    end = ticks.get_prev()
    return ticks.get_prev(), end


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RunRefused(f"{text!r} is no moment; expected one such as 2017-12-31T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
