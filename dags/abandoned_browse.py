"""# Abandoned browse

Finds who looked at products within the last days and did not buy, and the dearest product that each of them
left behind, for each document of `include/browsing`. Profiles take it in: audiences can ask for it, and
activations can send it.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import LEFT_BEHIND, VALUE
from perennial.operators.browsing import FindLeftBehindOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "abandoned_browse",
    schedule=PartitionedAssetTimetable(assets=VALUE),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "profiles"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"as_of": params.as_of()},
):
    FindLeftBehindOperator(task_id="find", asset=LEFT_BEHIND)
