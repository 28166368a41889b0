"""The operator that asks a person before an activation sends what nobody expects."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context

from perennial.operators.activation import document, moment
from perennial.operators.context import refuse_unknown_keys
from perennial.operators.stage import store_url
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.activation.approvals import Approvals, Question
    from perennial.activation.definition import Activation
    from perennial.stages.workspace import Workspace


class ApproveActivationOperator(ApprovalOperator):
    """Ask before an audience is sent for the first time, or when its size jumps; else let the run go on.

    What is asked is shown in the form under *Required Actions*. No answer within the document's hours counts
    as a refusal. Refused, the task that sends is skipped, and nothing is sent.

    :param activation: the name of a document in `include/activations`
    :param hours: how long to wait for an answer
    """

    def __init__(self, *, activation: str, hours: int, **kwargs: Any) -> None:
        super().__init__(
            subject=f"Send what activation {activation} would send?",
            body="",
            defaults=self.REJECT,
            response_timeout=timedelta(hours=hours),
            **kwargs,
        )
        self.activation = activation

    def execute(self, context: Context) -> Any:
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        workspace = Workspace(Settings.from_env())
        definition = document(workspace, self.activation)
        asked = self._asked(workspace, definition, context)
        if not asked:
            return {"approval": "not needed"}
        self._approvals(definition).ask(context["dag_run"].run_id, asked)
        self.body = body(workspace, definition, asked)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        report = {} if "error" in event else self._answered(context, event)
        # After a refusal this ends the task by an exception, which skips the one that sends.
        super().execute_complete(context, event)
        return report

    def _answered(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Record the answer, and report it."""
        from perennial.stages.workspace import Workspace

        definition = document(Workspace(Settings.from_env()), self.activation)
        approved = event["chosen_options"] == [self.APPROVE]
        user = event.get("responded_by_user") or {}
        name = str(user.get("name") or user.get("id") or "nobody in time")
        sizes = self._approvals(definition).answer(context["dag_run"].run_id, approved, name)
        said = f"{'approved' if approved else 'declined'} by {name}"
        skipped = "" if approved else f"{said}: nothing was sent"
        report = {"activation": self.activation, "approval": said, "audiences": sizes, "skipped": skipped}
        self.log.info("%s", report)
        context["ti"].xcom_push(key="report", value=report)
        return report

    def _asked(self, workspace: "Workspace", definition: "Activation", context: Context) -> "list[Question]":
        import polars as pl
        import psycopg

        from perennial.activation import ledger
        from perennial.activation.approvals import questions
        from perennial.activation.desired import address, desired
        from perennial.activation.holdout import recorded
        from perennial.activation.run import by_lot
        from perennial.stages.activation import wanted

        as_of = moment(workspace, context)
        dry_run = (context.get("params") or {}).get("dry_run")
        if definition.approval is None or dry_run or definition.pause(as_of.date()):
            return []
        members, profiles, _ = wanted(workspace, definition, as_of.date())
        ledger.migrate(store_url())
        with psycopg.connect(store_url()) as connection:
            known = recorded(connection, definition.name)
        drawn = by_lot(definition, members, profiles, known, address(definition))
        reachable = desired(definition, drawn.members, profiles).reachable
        found = dict(reachable.group_by("audience").agg(pl.col("key").n_unique()).iter_rows())
        held, agreed = self._approvals(definition).standing()
        sizes = {name: found.get(name, 0) for name in definition.audiences}
        return questions(definition.approval, sizes, held, agreed)

    def _approvals(self, definition: "Activation") -> "Approvals":
        from perennial.activation.approvals import Approvals

        return Approvals(store_url(), definition.destination.connection, definition.name)


def body(workspace: "Workspace", definition: "Activation", asked: "list[Question]") -> str:
    """What is asked, as Markdown."""
    lines = [
        f"**{definition.title}** would send to *{definition.destination.kind}*"
        f" (connection `{definition.destination.connection}`):",
        "",
        "| Audience | There now | Would be there | |",
        "|---|---:|---:|---|",
    ]
    for each in asked:
        title = workspace.audiences[each.audience].title if each.audience in workspace.audiences else ""
        now = "" if each.held is None else f"{each.held:,}"
        lines.append(f"| {title or each.audience} (`{each.audience}`) | {now} | {each.size:,} | {each.why} |")
    fields = ", ".join(f"`{name}`" for name in definition.mapping) or "none"
    hours = definition.approval.hours if definition.approval else 0
    refused = (
        f"*Reject*, or no answer within {hours} hours: this run sends nothing, and the next one asks again."
    )
    return "\n".join([*lines, "", f"Fields that go with each person: {fields}.", "", refused])
