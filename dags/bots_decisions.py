"""# Decisions about bots

Lets visitors back in who are no bots, leaves out some who are, or takes such a decision back. What is decided
holds from now on, whatever is found later, and is kept with its reason, who decided, and when. The page
**Bots** fills this form in.

Days that were computed before are as they were until **recompute_days** computes those anew, by night, on
which the visitors bought something.

Airflow keeps the form with the run.
"""

from airflow.sdk import DAG

from perennial.operators import params
from perennial.operators.assets import BOT_DECISIONS
from perennial.operators.bots import DecideBotsOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings

with DAG(
    "bots_decisions",
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "bots"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params=params.of_bot_decisions(Settings.from_env().include),
):
    DecideBotsOperator(task_id="decide", asset=BOT_DECISIONS)
