"""Operators that look after the lake: what has expired is removed, and each table is compacted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from perennial.errors import TerminalError
from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


PORTIONS = 4
"""Tasks that look after tables side by side: one for each table would cost most of its time to start."""


class ExpireOperator(StageOperator):
    """Remove quarantined rows and logged batches that are old; returns the tables to look after, in portions.

    They are those that the form's `tables` names, or else all that were ever written.
    """

    DERIVES = False

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.lake.expiry import expire_batches, expire_quarantine

        lake, today, params = workspace.lake, as_of.date(), _params(context)
        dry_run = bool(params.get("dry_run"))
        return {
            **expire_quarantine(lake, today, params["quarantine_days"], dry_run=dry_run),
            **expire_batches(lake, today, params["batch_days"], dry_run=dry_run),
        }

    def execute(self, context: Context) -> Any:
        from perennial.lake.maintenance import tables
        from perennial.settings import Settings

        super().execute(context)
        known = tables(Settings.from_env().lake)
        wanted = _params(context).get("tables") or known
        if unknown := sorted(set(wanted) - set(known)):
            raise TerminalError(f"the lake has no table {', '.join(unknown)}; it has {', '.join(known)}")
        return [wanted[first::PORTIONS] for first in range(min(PORTIONS, len(wanted)))]


class MaintainOperator(StageOperator):
    """Compact tables, sum up their logs, and remove files that no snapshot within the retention needs.

    What goes wrong with a table is raised when all others have been looked after.

    :param tables: their names in the lake, such as `events/transactions`
    """

    DERIVES = False

    def __init__(self, *, tables: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.lake.maintenance import Policy, found, maintain

        params = _params(context)
        policy = Policy(
            target_bytes=params["target_megabytes"] * 1024 * 1024,
            retention=timedelta(days=params["retention_days"]),
        )
        dry_run, counts, failures = bool(params.get("dry_run")), {}, []
        for name in self.tables:
            try:
                report = maintain(found(workspace.lake.root, name), policy, dry_run=dry_run)
            except Exception as failure:
                failure.add_note(f"in {name}")
                failures.append(failure)
            else:
                counts[name] = report.as_dict()
        if failures:
            self.log.info("The other tables: %s", counts)
            raise ExceptionGroup(f"{len(failures)} of {len(self.tables)} tables", failures)
        return counts


def _params(context: Context) -> Mapping[str, Any]:
    return context.get("params") or {}
