"""# Profiles

Builds one profile a person: attributes, identities, sums, deciles, segment, predicted value and what was left
behind as of the run's day.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import LIFETIME, PROFILES
from perennial.operators.compute import BuildProfilesOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "profiles",
    schedule=PartitionedAssetTimetable(assets=LIFETIME),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "profiles"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={"as_of": params.as_of()},
):
    BuildProfilesOperator(task_id="build", asset=PROFILES)
