"""# Activations

Each document of `include/activations` is a Dag, `activation_<name>`: it brings a destination to the state of
the run's day. People who came into an audience are added to its list, those who left are removed, changed
attributes are sent, and nothing is sent twice. Whoever unsubscribed, bounced or complained is left out.

It runs after each evaluation of the audiences, or at the times that its document says; then it sends the
newest day that was evaluated. A destination that is down delays its own Dag and what waits for its asset, and
no other.

With `approval` in the document, **approve** waits for a person before an audience is sent for the first time,
or when its size jumps.

A run for a day before the newest one that was sent does nothing, so that backfills never turn the provider
back. A dry run only counts. Run it by hand with `replay` to send again what the destination refused, or all.

A document that cannot be read becomes a Dag that says why, and fails.
"""

from airflow.sdk import DAG, CronTriggerTimetable, PartitionedAssetTimetable

from perennial.activation.definition import Activation, load_activations
from perennial.operators import assets, params
from perennial.operators.activation import ActivateOperator
from perennial.operators.retries import DEFAULT_ARGS
from perennial.settings import Settings

for name, activation in load_activations(Settings.from_env().include).items():
    known = activation if isinstance(activation, Activation) else None
    cron = known.cron if known else None
    follows = PartitionedAssetTimetable(assets=assets.AUDIENCES) if known and cron is None else None
    says = f"# {known.title}" if known else f"# This activation cannot be read\n\n```\n{activation}\n```"
    with DAG(
        f"activation_{name}",
        schedule=CronTriggerTimetable(cron, timezone="UTC") if cron else follows,
        catchup=False,
        doc_md=f"{says}\n\n{__doc__.partition(chr(10))[2].strip()}",
        tags=["perennial", "activation"] if known else ["perennial", "activation", "broken"],
        default_args=DEFAULT_ARGS,
        max_active_runs=1,
        params={
            "as_of": params.as_of(),
            "dry_run": params.dry_run("Count what would be sent; send nothing."),
            "replay": params.replay(),
        },
    ):
        activate = ActivateOperator(task_id="activate", activation=name, asset=assets.activation(name))
        if known and known.approval:
            # Not every deployment asks, and what asks takes a moment to import.
            from perennial.operators.approval import ApproveActivationOperator

            hours = known.approval.hours
            ApproveActivationOperator(task_id="approve", activation=name, hours=hours) >> activate
