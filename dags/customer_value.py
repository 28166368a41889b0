"""# Customer value

Ranks every customer in deciles, by every metric of `include/value`, over every lookback, overall and within
each dimension, as of the run's day.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import SIGNALS, VALUE
from perennial.operators.compute import ComputeValueOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "customer_value",
    schedule=PartitionedAssetTimetable(assets=SIGNALS),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "value"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"as_of": params.as_of()},
):
    ComputeValueOperator(task_id="rank", asset=VALUE)
