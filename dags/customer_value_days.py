"""# Customer value of past days

Ranks every customer, and puts them into segments, as of each day of a range, without ingesting anything
again: a month at a time, each day from the one before it. Days that are computed already are replaced, or
left alone if only those are wanted that late events touched. Run it by hand, after a change of a document in
`include/value` or after a backfill.
"""

from airflow.sdk import DAG

from perennial.operators import params
from perennial.operators.assets import VALUE_DAYS
from perennial.operators.days import ComputeDaysOperator, ComputeRfmDaysOperator, PlanDaysOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "customer_value_days",
    schedule=None,
    doc_md=__doc__,
    tags=["perennial", "value"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "from_day": params.day("From", "The first day as of which customers are ranked."),
        "to_day": params.day("To", "The last one."),
        "only_stale": params.only_stale(),
    },
):
    ranges = PlanDaysOperator(task_id="plan", asset=VALUE_DAYS)
    # One range after the other: they share the machine.
    mapped = {
        "asset": VALUE_DAYS,
        "outlets": [VALUE_DAYS],
        "max_active_tis_per_dag": 1,
        "map_index_template": "{{ task.first }} to {{ task.last }}",
    }
    ComputeDaysOperator.partial(task_id="rank", **mapped).expand_kwargs(ranges.output)
    ComputeRfmDaysOperator.partial(task_id="segment", **mapped).expand_kwargs(ranges.output)
