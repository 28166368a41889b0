"""# Signals of a day

Takes the files of one day, each night, as one batch a dataset: good rows go to the lake, bad ones to the
quarantine with their reasons, rows that are known already to neither. Every stage follows, for the same day.
A day on which no dataset delivers (`first_day`, `last_day`) is skipped; a file that is missing is an error.

**Backfill** this Dag over a range of days to run the whole round trip for each of them. A day that is run
again leaves the same tables.
"""

from airflow.sdk import DAG, CronPartitionTimetable

from perennial.operators import params
from perennial.operators.assets import SIGNALS
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.signals import IngestOperator
from perennial.settings import Settings

with DAG(
    "signals_batch",
    # The run at midnight is about the day that has just ended.
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "signals"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "as_of": params.as_of(),
        "datasets": params.datasets(Settings.from_env().include),
        "accept_breach": params.accept_breach(),
        "dry_run": params.dry_run("Check every row; write nothing, and start no other stage."),
    },
):
    IngestOperator(task_id="ingest", files="daily", asset=SIGNALS)
