"""# Audiences

Finds the members of every audience in `include/audiences`, and who came in and who left since the day before.

An audience whose rule does not fit any more stops no other: they are evaluated, and the next stages go on
with them. The run then fails, and says what is wrong with it.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import AUDIENCES, LIVE_AUDIENCES, PROFILES
from perennial.operators.compute import EvaluateAudiencesOperator, RefuseFailedAudiencesOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.operators.streaming import QualifyOperator

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
    evaluate = EvaluateAudiencesOperator(task_id="evaluate", asset=AUDIENCES)
    evaluate >> RefuseFailedAudiencesOperator(task_id="refuse_failed")
    evaluate >> QualifyOperator(task_id="qualify", asset=LIVE_AUDIENCES)
