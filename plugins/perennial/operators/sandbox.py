"""Operators of the demo: the stand-in marketer, who does not exist in production."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, Context

from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class SendSandboxCampaignsOperator(StageOperator):
    """Send the campaigns of `include/sandbox/campaigns.yaml` that are due on the morning of the run's day.

    The connection must lead to the sandbox ESP; a campaign that was sent is not sent again.

    :param activation: the document in `include/activations` whose lists the campaigns go to
    """

    def __init__(self, *, activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.activation.definition import Activation
        from perennial.documents import load
        from perennial.sandbox.marketer import Calendar, Marketer

        include = workspace.settings.include
        activation = load(include / "activations" / f"{self.activation}.yaml", Activation)
        calendar = load(include / "sandbox" / "campaigns.yaml", Calendar)
        titles = {name: audience.title for name, audience in workspace.audiences.items()}
        connection = BaseHook.get_connection(activation.destination.connection)
        marketer = Marketer(str(connection.host), str(connection.password))
        return marketer.send(calendar, as_of, activation, titles)
