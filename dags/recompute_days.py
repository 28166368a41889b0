"""# Days of the past, computed again

Computes customer value, segments, predicted value, profiles, audiences and insights as of each day of a
range, without ingesting anything again: what comes out is what the daily runs would give now. A range is a
month at most, and a mapped task: values of it are computed in one pass, each further step goes from day to
day. The page **Signals, Days** shows the days done of the days wanted.

**Every night** it looks after the days that are behind: those for which events came late, or that a changed
document would make others; the newest 31 of them. **Run it by hand** for a range of days, after a backfill of
`signals_batch` over days that were computed before, or when a document in `include/value`, `include/profiles`
or `include/audiences` is to count for the past, too.

A run that was interrupted goes on where it stopped when its task is run again; to do all of it again, clear
**plan**. Nothing that is computed for the past is sent to a destination.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from perennial.operators import params
from perennial.operators.assets import RECOMPUTED
from perennial.operators.days import PlanDaysOperator, RecomputeOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.stages.steps import STORED

with DAG(
    "recompute_days",
    # Not at once where it has never run: nothing can be behind yet. False would be two hours, to Airflow.
    schedule=CronTriggerTimetable("30 4 * * *", timezone="UTC", run_immediately=timedelta()),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "value"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params=params.of_past_days(),
):
    ranges = PlanDaysOperator(task_id="plan", asset=RECOMPUTED)
    # One range after the other: they share the machine, and a day's members follow from the day before.
    steps = RecomputeOperator.partial(
        task_id="compute",
        steps=STORED,
        asset=RECOMPUTED,
        outlets=[RECOMPUTED],
        max_active_tis_per_dag=1,
        map_index_template="{{ task.first }} to {{ task.last }}",
    ).expand_kwargs(ranges.output)
    steps >> RecomputeOperator(
        task_id="insights", steps=["insights"], asset=RECOMPUTED, trigger_rule="none_failed"
    )
