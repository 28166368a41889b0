"""# Insights

Refreshes the star schema from the SQL files in `include/sql/insights`: the run's day and whatever changed
since the last refresh, in one transaction.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import AUDIENCES, INSIGHTS
from perennial.operators.compute import RefreshInsightsOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "insights",
    schedule=PartitionedAssetTimetable(assets=AUDIENCES),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "insights"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"as_of": params.as_of()},
):
    RefreshInsightsOperator(task_id="refresh", asset=INSIGHTS)
