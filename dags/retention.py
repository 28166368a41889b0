"""# Retention

Takes away what is older than the documents of `include/retention` keep, out of the lake and the store, and
the files of access requests that have expired. Rows leave the tables at once, and the disk when their
snapshots' retention ends (Dag `lake_maintenance`).

**Begin with a dry run**: the task's log and its result say how many rows of which tables would go, from which
tables of the store they would go with them, and which days stay because a document still looks at them. Such
days only go if the document of retention names what does without them, under `despite`. What went stands on
the page **People, Requests**.

The schedule does nothing until somebody unpauses this Dag.
"""

from airflow.sdk import DAG, CronTriggerTimetable

from perennial.operators import params
from perennial.operators.assets import RETENTION
from perennial.operators.retention import RetentionOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "retention",
    schedule=CronTriggerTimetable("0 3 * * *", timezone="UTC"),
    catchup=False,
    is_paused_upon_creation=True,
    doc_md=__doc__,
    tags=["perennial", "privacy", "lake"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"dry_run": params.dry_run("Say what would be taken away; change nothing.")},
):
    RetentionOperator(task_id="expire", asset=RETENTION)
