"""# Audiences

Finds the members of every audience in `include/audiences`, and who came in and who left since the day before.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import AUDIENCES, PROFILES
from perennial.operators.compute import EvaluateAudiencesOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "audiences",
    schedule=PartitionedAssetTimetable(assets=PROFILES),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "audiences"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"as_of": params.as_of()},
):
    EvaluateAudiencesOperator(task_id="evaluate", asset=AUDIENCES)
