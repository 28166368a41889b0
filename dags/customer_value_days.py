"""# Customer value of past days

Ranks every customer as of each day of a range, without ingesting anything again: a month at a time, each day
from the one before it. Days that are computed already are replaced, or left alone if only those are wanted that
late events touched. Run it by hand, after a change of a document in `include/value` or after a backfill.
"""

from airflow.sdk import DAG

from perennial.operators import params
from perennial.operators.compute import ComputeDaysOperator, PlanDaysOperator
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
    ranges = PlanDaysOperator(task_id="plan")
    ComputeDaysOperator.partial(
        task_id="rank",
        # One after the other: they share the machine, and each continues from the months before it.
        max_active_tis_per_dag=1,
        map_index_template="{{ task.first }} to {{ task.last }}",
    ).expand_kwargs(ranges.output)
