"""# Maintenance of the lake

Every night, for each table: puts small files together, sums up the log, and removes files that no
snapshot within the retention needs, those of killed writers among them. Readers and writers go on meanwhile.
First, quarantined rows that are older than `quarantine_days` are removed, with their corrections, and batches
to which nothing has happened for `batch_days` leave their log.

Run it by hand to look after some tables only, or with a dry run to see what would be done. Snapshots younger
than `retention_days` stay readable; 7 days is the least that can be asked for.
"""

from airflow.sdk import DAG, CronTriggerTimetable, Param

from perennial.operators import params
from perennial.operators.assets import MAINTENANCE
from perennial.operators.maintenance import ExpireOperator, MaintainOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "lake_maintenance",
    schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC"),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "lake"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "tables": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="Tables",
            description="Their names in the lake, such as events/transactions. None: all.",
        ),
        "retention_days": Param(
            7,
            type="integer",
            minimum=7,
            title="Retention",
            description="Days for which snapshots can be read.",
        ),
        "quarantine_days": Param(
            30, type="integer", minimum=1, title="Quarantine", description="Days for which bad rows are kept."
        ),
        "batch_days": Param(
            365, type="integer", minimum=30, title="Batches", description="Days for which batches are logged."
        ),
        "target_megabytes": Param(
            128, type="integer", minimum=1, title="Size", description="What a file is to hold, in mebibytes."
        ),
        "dry_run": params.dry_run("Say what would be done; change nothing."),
    },
):
    expire = ExpireOperator(task_id="expire", asset=MAINTENANCE)
    MaintainOperator.partial(
        task_id="maintain",
        asset=MAINTENANCE,
        outlets=[MAINTENANCE],
        map_index_template="{{ task.tables | join(', ') }}",
    ).expand(tables=expire.output)
