"""# Predicted lifetime value

What every customer will buy within the horizon, what that is worth today, and how likely it is that they come
back at all: for each document of the kind `lifetime` in `include/value`.

**fit_and_validate** does nothing on most days. Once `refit_days` have passed since the last fit it fits the
models on what lies before a holdout, lets them predict the holdout, and compares the best with the model in
use on the same customers and days. If it is not worse, it is fitted once more on everything and takes over;
the reason stands in the task's log, on the asset's event and on the dashboard **Predicted value**. A fit that
finds no maximum is reported, and the last good model stays in use; the task fails only if there is none.

**score** scores everybody by the model that was in use as of the run's day, one-time buyers and new customers
included, and compares what earlier scores predicted with what has come since. It runs even if the fit failed.

A run for a past day never sees a model that was fitted later. **To have a track record** from the start, run
it once by hand with `since`: it goes through that day, and on by `refit_days`, in one pass.
"""

from airflow.sdk import DAG, Param, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.assets import LEFT_BEHIND, LIFETIME, MODELS
from perennial.operators.lifetime import FitLifetimeOperator, ScoreLifetimeOperator
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "lifetime_value",
    schedule=PartitionedAssetTimetable(assets=LEFT_BEHIND),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "value"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "as_of": params.as_of(),
        "since": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Since",
            description="Also computes as of this day and every refit after it. Empty: the run's day only.",
        ),
        "force": Param(
            False, type="boolean", title="Fit now", description="Fit and validate although no refit is due."
        ),
    },
):
    fit = FitLifetimeOperator(task_id="fit_and_validate", asset=MODELS)
    # Without a new model the last good one scores.
    fit >> ScoreLifetimeOperator(task_id="score", asset=LIFETIME, trigger_rule="all_done")
