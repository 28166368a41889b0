"""Operators for activation: audiences as of the run's day to a destination."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from time import time as clock
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from perennial.errors import TerminalError
from perennial.operators.context import as_of
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.activation.definition import Activation
    from perennial.lake.written import Written
    from perennial.lineage.model import Dataset
    from perennial.stages.lineage import Made
    from perennial.stages.workspace import Workspace


DEFER_AFTER = 10.0
"""Seconds beyond which a wait is left to the triggerer."""
LONGEST = 24 * 3600.0
"""Seconds after which a wait is a failure."""


class ActivateOperator(StageOperator):
    """Bring a destination to the state of the run's day.

    Killed or failed, it is run again: the ledger says what has arrived, and which of the destination's jobs
    to wait for. A day before the newest one sent is a no-op. With the parameter `dry_run` it only counts. A
    run that is about no day in particular (by hand, or at the document's own times) takes the newest one that
    was evaluated.

    Where the provider wants to be left alone for long, or works on its jobs for long, the task defers: no
    worker is held, and it goes on where it was by the ledger.

    :param activation: the name of a document in `include/activations`
    :param patience: seconds for which the provider's jobs are waited for before the task defers
    """

    template_fields = ("activation",)

    def __init__(self, *, activation: str, patience: float = 20.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation, self.patience = activation, patience
        self._waits_since: float | None = None

    def moment(self, workspace: "Workspace", context: Context) -> datetime:
        return moment(workspace, context)

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.activation import ledger
        from perennial.activation.destinations.failures import UnavailableError
        from perennial.activation.destinations.registry import FILES
        from perennial.activation.jobs import JobsPendingError
        from perennial.activation.run import run
        from perennial.activation.send import Sender
        from perennial.hooks.destinations import destination
        from perennial.stages.activation import qualifications, wanted

        definition, params = document(workspace, self.activation), context.get("params") or {}
        if reason := definition.pause(as_of.date()):
            raise AirflowSkipException(f"{self.activation}: nothing is sent as of {as_of.date()}: {reason}")
        titles = {name: audience.title for name, audience in workspace.audiences.items()}
        members, profiles, kept = wanted(workspace, definition, as_of.date())
        connection = definition.destination.connection
        url = store_url()
        ledger.migrate(url)
        with ledger.open_ledger(url, connection or FILES, definition.name) as opened:
            if definition.files is not None:
                from perennial.activation.destinations.files.run import run as write
                from perennial.operators.exports import receiver

                if params.get("replay"):
                    raise TerminalError(
                        f"{self.activation}: replay is for providers; to have files again, run the day again"
                    )
                to = receiver(definition.files, definition.destination, workspace.settings)
                since = qualifications(workspace, as_of.date())
                return write(
                    definition, as_of, members, profiles, titles, opened, to, since,
                    bool(params.get("dry_run")), kept,
                ).as_dict()  # fmt: skip
            reached = destination(definition.destination.kind, connection, url)
            try:
                return run(
                    definition, as_of, members, profiles, titles, Sender(opened, reached, self.patience),
                    bool(params.get("dry_run")), kept, params.get("replay"), context["dag_run"].run_id,
                ).as_dict()  # fmt: skip
            except JobsPendingError as error:
                self._wait(definition, error, jobs=error.jobs)
                raise
            except UnavailableError as error:
                if error.retry_after is not None and error.retry_after >= DEFER_AFTER:
                    self._wait(definition, error, until=clock() + error.retry_after)
                raise

    def made(self, workspace: "Workspace", written: "Written", counts: Counts) -> "dict[Dataset, Made]":
        from perennial.stages.lineage_beyond import sent

        rows = counts.get("rows", counts.get("upserted"))
        return {} if counts.get("skipped") else sent(workspace, document(workspace, self.activation), rows)

    def resume(self, context: Context, event: Any = None, since: float | None = None) -> Counts:
        """Go on after a wait, the first of which began at `since`."""
        self._waits_since = since
        return self.execute(context)

    def _wait(
        self, definition: "Activation", why: Exception, jobs: Sequence[str] = (), until: float = 0.0
    ) -> None:
        """Defer; return where that would go on for too long."""
        from perennial.triggers.provider import ProviderTrigger

        since = self._waits_since or clock()
        latest = since + LONGEST
        if max(until, clock()) < latest:
            self.log.info("waiting for the provider: %s", why)
            there = definition.destination
            self.defer(
                trigger=ProviderTrigger(there.kind, there.connection, jobs, until, latest),
                method_name="resume",
                kwargs={"since": since},
            )


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
