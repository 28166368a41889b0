"""Operators for activation: audiences as of the run's day to a destination."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class ActivateOperator(StageOperator):
    """Bring a destination to the state of the run's day.

    Killed or failed, it is run again: the ledger says what has arrived, and which of the destination's jobs
    to wait for. A day before the newest one sent is a no-op. With the parameter `dry_run` it only counts.

    :param activation: the name of a document in `include/activations`
    """

    template_fields = ("activation",)

    def __init__(self, *, activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.activation import ledger
        from perennial.activation.definition import Activation
        from perennial.activation.destinations.registry import FILES
        from perennial.activation.run import run
        from perennial.activation.send import Sender
        from perennial.documents import load
        from perennial.hooks.destinations import destination
        from perennial.stages.activation import qualifications, wanted

        path = workspace.settings.include / "activations" / f"{self.activation}.yaml"
        definition = load(path, Activation)
        titles = {name: audience.title for name, audience in workspace.audiences.items()}
        members, profiles, kept = wanted(workspace, definition, as_of.date())
        connection = definition.destination.connection
        url = store_url()
        ledger.migrate(url)
        dry_run = bool((context.get("params") or {}).get("dry_run"))
        with ledger.open_ledger(url, connection or FILES, definition.name) as opened:
            if definition.files is not None:
                from perennial.activation.destinations.files.run import run as write
                from perennial.operators.exports import receiver

                to = receiver(definition.files, definition.destination, workspace.settings.include)
                since = qualifications(workspace, as_of.date())
                return write(
                    definition, as_of, members, profiles, titles, opened, to, since, dry_run, kept
                ).as_dict()
            sender = Sender(opened, destination(definition.destination.kind, connection))
            return run(definition, as_of, members, profiles, titles, sender, dry_run, kept).as_dict()
