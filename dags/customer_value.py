"""# Customer value

Finds out which identities belong to one person, puts every customer into an RFM segment, and ranks them in
deciles, by every metric of `include/value`, over every lookback, overall and within each dimension, as of the
run's day.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import BOTS, IDENTITIES, RFM, VALUE
from perennial.operators.compute import ComputeValueOperator, StitchIdentitiesOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.rfm import ComputeRfmOperator

with DAG(
    "customer_value",
    schedule=PartitionedAssetTimetable(assets=BOTS),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "value"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"as_of": params.as_of()},
):
    stitch = StitchIdentitiesOperator(task_id="stitch", asset=IDENTITIES)
    segment = ComputeRfmOperator(task_id="segment", asset=RFM)
    # Whoever waits for the ranks finds the people and the segments, too.
    stitch >> segment >> ComputeValueOperator(task_id="rank", asset=VALUE)
