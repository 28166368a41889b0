"""# History of signals

Takes what happened before the daily files begin, and the records of things and people. Run it by hand, once;
run again, it changes nothing. A dry run checks every row and writes none.
"""

from airflow.sdk import DAG

from perennial.operators import params
from perennial.operators.assets import HISTORY
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.signals import IngestOperator
from perennial.settings import Settings

with DAG(
    "signals_history",
    schedule=None,
    doc_md=__doc__,
    tags=["perennial", "signals"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "datasets": params.datasets(Settings.from_env().include),
        "dry_run": params.dry_run("Check every row; write nothing."),
    },
):
    IngestOperator(task_id="ingest", files="history", asset=HISTORY)
