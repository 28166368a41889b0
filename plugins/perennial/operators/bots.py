"""Operators about bots: find them as of the run's day, and note what people decided of some."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.operators.context import RunRefused
from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class FindBotsOperator(StageOperator):
    """Find the bots among visitors by every document in `include/bots`, and mark them.

    The run's `force` learns the models anew although that is not due.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.bots import find_bots

        force = bool((context.get("params") or {}).get("force"))
        return find_bots(workspace, as_of.date(), force=force)


class DecideBotsOperator(StageOperator):
    """Note what whoever triggered the run decided of some visitors, and mark them, or not, from now on."""

    PERSONAL = True

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.bots import decide

        params, run = context["params"], context["dag_run"]
        if not params["visitors"]:
            raise RunRefused("visitors: name at least one, as the column `visitor` of the document has it")
        left_out = decide(
            workspace,
            params["definition"],
            params["visitors"],
            params["decision"],
            params["reason"],
            by=getattr(run, "triggering_user_name", None) or "bots_decisions",
            now=datetime.now(UTC),
        )
        return {"decided": len(params["visitors"]), "decision": params["decision"], "left_out_now": left_out}
