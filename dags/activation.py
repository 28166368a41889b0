"""# Activation

Brings the e-mail service provider to the state of the run's day: people who came into an audience are added
to its list, those who left are removed, changed attributes are sent, and nothing is sent twice. Whoever
unsubscribed, bounced or complained is left out.

A run for a day before the newest one that was sent does nothing, so that backfills never turn the provider
back. A dry run only counts.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from perennial.operators import params
from perennial.operators.activation import ActivateOperator
from perennial.operators.assets import ACTIVATION, AUDIENCES
from perennial.operators.retries import DEFAULT_ARGS

with DAG(
    "activation",
    schedule=PartitionedAssetTimetable(assets=AUDIENCES),
    catchup=False,
    doc_md=__doc__,
    tags=["perennial", "activation"],
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    params={
        "as_of": params.as_of(),
        "dry_run": params.dry_run("Count what would be sent; send nothing."),
    },
):
    ActivateOperator(task_id="activate", activation="email", asset=ACTIVATION)
