"""# Replay of quarantined signals

Takes rows of the quarantine once more: those that were corrected under **Perennial, Signals, Quarantine**, or
all open ones after a dataset's rules have changed. What is good now goes to the lake, never twice; what is
still bad stays open.
"""

from airflow.sdk import DAG

from perennial.operators import params
from perennial.operators.assets import REPLAYS
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.signals import ReplayOperator
from perennial.settings import Settings

with DAG(
    "signals_replay",
    schedule=None,
    doc_md=__doc__,
    tags=["perennial", "signals"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "dataset": params.dataset(Settings.from_env().include),
        "ids": params.row_ids(),
        "uncorrected": params.uncorrected(),
    },
):
    ReplayOperator(task_id="replay", asset=REPLAYS)
