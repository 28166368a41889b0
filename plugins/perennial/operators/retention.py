"""The operator of retention: says what documents would take away, or takes it away and says what it was."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from perennial.errors import TerminalError
from perennial.operators.erasure import asked_by
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.retention import Expiry
    from perennial.stages.workspace import Workspace


class DaysNeeded(TerminalError):
    """Something looks at days that a document of retention would take away."""


class RetentionOperator(StageOperator):
    """Take away what is older than documents of `include/retention` keep, and files of requests that expired.

    Days that something looks at stay, and the run fails once all others are gone.
    """

    DERIVES = False

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages import privacy
        from perennial.stages.retention import apply, plan

        params: Mapping[str, Any] = context.get("params") or {}
        url, today, now = store_url(), as_of.date(), datetime.now(UTC)
        dry_run = bool(params.get("dry_run"))
        if not dry_run:
            privacy.forget(url, now)
        found = plan(workspace, url, today) if dry_run else apply(workspace, url, today)
        for each in found:
            self.log.info("%s", _said(each, dry_run))
        rows: Counter[str] = Counter()
        for each in found:
            if not each.missed_by:
                rows[each.table] += each.rows
        counts = {"would_be_removed" if dry_run else "removed": dict(rows)}
        if rows or dry_run:
            privacy.note(url, now, "retention", context["dag_run"].run_id, asked_by(context), counts)
        if (missed := [_said(each, dry_run) for each in found if each.missed_by]) and not dry_run:
            raise DaysNeeded("\n".join(missed))
        return {**counts, "kept": [_said(each, dry_run) for each in found if each.missed_by]}


def _said(each: "Expiry", dry_run: bool) -> str:
    days = "" if each.days is None else f" of {each.days} days"
    what = f"{each.table}: {each.rows} rows{days} before {each.before}, by retention/{each.document}"
    if each.missed_by:
        return (
            f"{what}, stay: {', '.join(each.missed_by)} need them. Name these under `despite` if they are "
            "to do without, or keep more days"
        )
    also = f"; the next refresh takes them out of {', '.join(each.also)} too" if each.also else ""
    return f"{what}, {'would go' if dry_run else 'are gone'}{also}"
