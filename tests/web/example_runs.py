"""Five runs of a Dag in Airflow's database, two of a backfill; prints what the page Health reads of them.

It is run by a process of its own, with the server's environment.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from airflow.models.asset import AssetEvent
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import insert

from perennial.web.airflow_runs import backfills, dags, steps

AT = datetime(2018, 1, 1, tzinfo=UTC)
STATES = ["success", "success", "success", "failed", "success"]
DAG = "audiences"


def fill(session: Any) -> None:
    """Two mapped instances of one task in each run, each longer than those of the run before."""
    said = {"dag_id": DAG, "from_date": AT, "to_date": AT, "dag_run_conf": {}, "max_active_runs": 1}
    backfill = session.execute(insert(Backfill).values(**said)).inserted_primary_key[0]
    for n, state in enumerate(STATES):
        name, start = f"run {n}", AT + timedelta(days=n)
        run = {"dag_id": DAG, "run_id": name, "run_type": "manual", "start_date": start, "run_after": AT}
        made = session.execute(insert(DagRun.__table__).values(**run, state=state, clear_number=0))
        if n > 2:
            link = {"backfill_id": backfill, "dag_run_id": made.inserted_primary_key[0], "sort_ordinal": n}
            session.execute(insert(BackfillDagRun).values(**link))
        for index in (0, 1):
            task = {"id": uuid4(), "dag_id": DAG, "task_id": "evaluate", "run_id": name, "map_index": index}
            took = {"state": state, "duration": 10.0 * (n + 1), "start_date": start, "pool": "default_pool"}
            session.execute(insert(TaskInstance.__table__).values(**task, **took))
            source = {"source_dag_id": DAG, "source_task_id": "evaluate", "source_run_id": name}
            extra = {"cost": {"rows": 100 * n, "bytes": 7}}
            session.execute(insert(AssetEvent).values(asset_id=1, extra=extra, timestamp=AT, **source))


if __name__ == "__main__":
    with create_session() as session:
        fill(session)
    (step,), (going_on,) = steps({DAG}), backfills({DAG})
    last = dags({DAG})[DAG].run
    print(json.dumps([asdict(step), last, [going_on.done, going_on.total], len(steps({"x"}))], default=str))
