"""# Bots

Tells bots from people, for each document of `include/bots`, by what visitors did within 60, 300 and 1,800
seconds before the run's day: by a rule, by what their user agents declare, and by a tree that is learned from
those whose user agents are known crawlers', and tried on families of user agents that it has not seen. A tree
that is not precise enough on these is not used.

Bots stay in the lake, and are left out of customer value, profiles and audiences from this run on. The page
**Bots** shows who, and why; **bots_decisions** lets a visitor back in.
"""

from airflow.sdk import DAG, Param, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import BOTS, SIGNALS
from perennial.operators.bots import FindBotsOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "bots",
    schedule=PartitionedAssetTimetable(assets=SIGNALS),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "bots"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "as_of": params.as_of(),
        "force": Param(
            False,
            type="boolean",
            title="Learn anew",
            description="Learn the models although that is not due yet.",
        ),
    },
):
    FindBotsOperator(task_id="find", asset=BOTS)
