"""Operators for activation: audiences as of the run's day to a destination."""

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from perennial.operators.context import as_of
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.activation.definition import Activation
    from perennial.stages.workspace import Workspace


class ActivateOperator(StageOperator):
    """Bring a destination to the state of the run's day.

    Killed or failed, it is run again: the ledger says what has arrived, and which of the destination's jobs
    to wait for. A day before the newest one sent is a no-op. With the parameter `dry_run` it only counts. A
    run that is about no day in particular (by hand, or at the document's own times) takes the newest one that
    was evaluated.

    :param activation: the name of a document in `include/activations`
    """

    template_fields = ("activation",)

    def __init__(self, *, activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def moment(self, workspace: "Workspace", context: Context) -> datetime:
        return moment(workspace, context)

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.activation import ledger
        from perennial.activation.run import run
        from perennial.activation.send import Sender
        from perennial.hooks.destinations import destination
        from perennial.stages.activation import wanted

        definition, params = document(workspace, self.activation), context.get("params") or {}
        if reason := definition.pause(as_of.date()):
            raise AirflowSkipException(f"{self.activation}: nothing is sent as of {as_of.date()}: {reason}")
        titles = {name: audience.title for name, audience in workspace.audiences.items()}
        members, profiles, kept = wanted(workspace, definition, as_of.date())
        connection = definition.destination.connection
        url = store_url()
        ledger.migrate(url)
        with ledger.open_ledger(url, connection, definition.name) as opened:
            sender = Sender(opened, destination(definition.destination.kind, connection, url))
            return run(
                definition, as_of, members, profiles, titles, sender, bool(params.get("dry_run")), kept,
                replay=params.get("replay"),
            ).as_dict()  # fmt: skip


def document(workspace: "Workspace", name: str) -> "Activation":
    """A document of `include/activations`."""
    from perennial.activation.definition import Activation
    from perennial.documents import load

    return load(workspace.settings.include / "activations" / f"{name}.yaml", Activation)


def moment(workspace: "Workspace", context: Context) -> datetime:
    """The midnight as of which an activation sends."""
    from perennial.stages.activation import newest

    asked = as_of(context)
    if (context.get("params") or {}).get("as_of") or context["dag_run"].partition_key:
        return asked
    return datetime.combine(newest(workspace, asked.date()), time(), UTC)
