"""# Scheduled queries

Each file of `include/sql/queries` is a Dag, `query_<name>`: its comment says when it runs and what becomes
of its rows, which go to the lake's table `queries.<name>`. A run that is repeated leaves the same rows. After
ten runs that failed one after the other a query is quarantined: its Dag is paused until a person unpauses it.

A file that cannot be read becomes a Dag that says why, and fails.
"""

from datetime import UTC, datetime, time

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable

from perennial.operators import params
from perennial.operators.assets import GROUP
from perennial.operators.queries import RunQueryOperator
from perennial.operators.query_outcomes import Outcome
from perennial.operators.retries import DEFAULT_ARGS
from perennial.queries.scheduled import QUARANTINED_AFTER, ScheduledQuery, load_scheduled
from perennial.settings import Settings

for name, query in load_scheduled(Settings.from_env().include).items():
    asset = Asset(name=f"perennial/queries/{name}", uri=f"perennial://queries/{name}", group=GROUP)
    if not isinstance(query, ScheduledQuery):
        with DAG(
            f"query_{name}",
            schedule=None,
            doc_md=f"# This query cannot be read\n\n```\n{query}\n```",
            tags=["perennial", "query", "broken"],
            default_args=DEFAULT_ARGS,
            max_active_runs=1,
            catchup=False,
        ):
            RunQueryOperator(task_id="run", query=name, cron="0 0 * * *", asset=asset)
        continue
    with DAG(
        query.dag,
        schedule=CronDataIntervalTimetable(query.cron, timezone="UTC"),
        start_date=datetime.combine(query.start, time(), UTC) if query.start else None,
        end_date=datetime.combine(query.end, time(23, 59, 59), UTC) if query.end else None,
        catchup=False,
        doc_md=f"# {query.title}\n\n{query.description}\n\n```sql\n{query.sql}\n```",
        tags=["perennial", "query"],
        default_args=DEFAULT_ARGS,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=QUARANTINED_AFTER if query.quarantine else 0,
        params=params.of_query(query),
    ):
        RunQueryOperator(
            task_id="run",
            query=name,
            cron=query.cron,
            asset=asset,
            on_success_callback=Outcome(query, asset, succeeded=True),
            on_failure_callback=Outcome(query, asset, succeeded=False),
        )
