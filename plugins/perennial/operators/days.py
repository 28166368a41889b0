"""Operators for days of the past: a form's days in, ranges of them that are computed again out."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from perennial.operators.context import RunRefused, day, refuse_unknown_keys
from perennial.operators.lineage import TellsLineage
from perennial.operators.stage import Counts, spark, store_url
from perennial.settings import Settings
from perennial.stages.steps import ORDER


class PlanDaysOperator(TellsLineage, BaseOperator):
    """Take in what came, write down what is to be done, and divide the days into ranges.

    Without days in the form, they are those that would come out otherwise.

    :param asset: whose event says which ranges they are
    """

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset

    def execute(self, context: Context) -> list[dict[str, str]]:
        from perennial.lake.written import watched
        from perennial.stages.lineage import in_lake
        from perennial.stages.recompute import plan
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        params, workspace = context["params"], Workspace(Settings.from_env())
        steps = params.get("steps") or ORDER
        if unknown := sorted({*steps} - {*ORDER}):
            raise RunRefused(f"steps: unknown {', '.join(unknown)}; there are {', '.join(ORDER)}")
        with watched() as written:
            ranges = plan(
                workspace,
                context["dag_run"].run_id,
                _days(params),
                steps,
                datetime.now(UTC),
                only_behind=params["only_behind"],
                most=params["most"],
                by=getattr(context["dag_run"], "triggering_user_name", None),
            )
        # To know whose events came, identities are stitched.
        self.tell(workspace, lambda: in_lake(workspace, written))
        found = [{"first": each.first.isoformat(), "last": each.last.isoformat()} for each in ranges]
        self.log.info("%s ranges of days to compute", len(found))
        context["outlet_events"][self.asset].extra = {"ranges": found}
        return found


class RecomputeOperator(TellsLineage, BaseOperator):
    """Do those of the steps that the form asks for, of the days of a range that are not done yet.

    :param asset: whose event says how many days each step did
    :param steps: which of the steps of `perennial.stages.recompute`, in their order
    :param first: the first day of the range; without a range, all days of the plan are taken together
    :param last: its last day
    """

    template_fields = ("first", "last")

    def __init__(
        self,
        *,
        asset: Asset,
        steps: Sequence[str],
        first: str = "0001-01-01",
        last: str = "9999-12-31",
        **kwargs: Any,
    ) -> None:
        # An operator that is mapped names its outlets itself, for the scheduler to know them beforehand.
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset
        self.steps = list(steps)
        self.first = first
        self.last = last

    def execute(self, context: Context) -> Counts:
        from perennial.lake.written import watched
        from perennial.stages.lineage_beyond import recomputed
        from perennial.stages.recompute import recompute
        from perennial.stages.value import Range
        from perennial.stages.workspace import Workspace

        wanted = context["params"].get("steps") or self.steps
        if not (asked := [step for step in self.steps if step in wanted]):
            raise AirflowSkipException(f"the form does not ask for {', '.join(self.steps)}")
        workspace, run = Workspace(Settings.from_env()), context["dag_run"].run_id
        days = Range(day(self.first, "first"), day(self.last, "last"))
        counts: dict[str, Any] = {"first": self.first, "last": self.last}
        with watched() as written:
            for step in asked:
                done = recompute(workspace, run, step, days, lambda: datetime.now(UTC), spark, store_url)
                self.log.info("%s: %s days", step, done)
                counts[step] = done
        self.tell(workspace, lambda: recomputed(workspace, written, counts))
        context["outlet_events"][self.asset].extra = counts
        return counts


def _days(params: Any) -> list[date] | None:
    """The days that the form names; None for those that are behind."""
    from perennial.value.windows import days_between

    given = {name: day(params[name], name) for name in ("from_day", "to_day") if params.get(name)}
    if not given:
        return None
    if len(given) == 1:
        raise RunRefused(
            f"{next(iter(given))} is given alone: give both days, or none for those that are behind"
        )
    if given["from_day"] > given["to_day"]:
        raise RunRefused(f"from_day is {given['from_day']}, after to_day: {given['to_day']}")
    return days_between(given["from_day"], given["to_day"])
