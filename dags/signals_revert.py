"""# A batch is taken back

Takes the events of one batch out of the lake again, in one commit, as if it had not come; later stages see it
when they run next. The batch stays in the list as inactive, and can be ingested again. Records cannot be
taken back: ingest a corrected batch instead.
"""

from airflow.sdk import DAG, Param

from perennial.operators.assets import REPLAYS
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.signals import RevertOperator

with DAG(
    "signals_revert",
    schedule=None,
    doc_md=__doc__,
    tags=["perennial", "signals"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "batch": Param(
            type="string",
            minLength=1,
            title="Batch",
            description="Its name, as Perennial's page of batches shows it.",
        )
    },
):
    RevertOperator(task_id="revert", asset=REPLAYS)
