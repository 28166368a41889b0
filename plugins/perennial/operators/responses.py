"""Operators for responses: what came back from recipients, into the lake."""

from datetime import UTC, datetime
from time import time as clock
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from perennial.errors import PerennialError, TransientError
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.lake.written import Written
    from perennial.lineage.model import Dataset
    from perennial.stages.lineage import Made
    from perennial.stages.workspace import Workspace

LONGEST = 1800.0
"""Seconds for which jobs are waited for: other providers' responses wait with them."""
LOOK = 15.0
"""Seconds between looks at a job."""


class LandResponsesOperator(StageOperator):
    """Land every event that came since the last landing, each once; run again, it changes nothing.

    Events come from webhooks, from the links of our own campaigns, and from what mail servers said to these.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.campaigns.ledger import migrate
        from perennial.responses.campaigns import land_ledger, land_log
        from perennial.stages.campaigns import titles
        from perennial.stages.responses import land_posts

        spool, lake, named = workspace.settings.spool, workspace.lake, titles(workspace)
        url = store_url()
        migrate(url)
        now = datetime.now(UTC)
        report = land_posts(workspace, now) + land_log(spool, lake, named, url)
        return (report + land_ledger(url, lake, named, int(now.timestamp() * 1_000_000))).as_dict()

    def made(self, workspace: "Workspace", written: "Written", counts: Counts) -> "dict[Dataset, Made]":
        from perennial.stages.lineage_beyond import landed_responses

        return landed_responses(workspace, written)


class AskProvidersOperator(StageOperator):
    """Ask the providers that have no webhook, or one that does not say all, what came back.

    Only accounts that an activation names are asked; one that fails keeps no other from being asked, and the
    task fails at its end. Killed, it goes on where it was. For what a provider still works on, the task
    defers; what is not there after half an hour is left to the next run.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._since: float | None = None
        self._before: Counts = {}

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.hooks.destinations import account
        from perennial.stages.responses import ask_providers, connections

        counts: Counts = {}
        failures: list[PerennialError] = []
        only = pending(self._before) or None
        for name, told in ask_providers(workspace, store_url(), account, datetime.now(UTC), only=only):
            if isinstance(told, PerennialError):
                self.log.error("%s: %s", name, told)
                failures.append(told)
            else:
                counts[name] = told
        if failures:
            # One that may pass is tried again, and the others with it.
            raise next((each for each in failures if isinstance(each, TransientError)), failures[0])
        counts = together(self._before, counts)
        if jobs := pending(counts):
            kinds = {name: kind for kind, names in connections(workspace).items() for name in names}
            self._wait(kinds, jobs, counts)
        return counts

    def made(self, workspace: "Workspace", written: "Written", counts: Counts) -> "dict[Dataset, Made]":
        from perennial.stages.lineage_beyond import answered

        return answered(workspace, written, counts)

    def resume(
        self, context: Context, event: Any = None, since: float | None = None, before: Counts | None = None
    ) -> Counts:
        """Go on after a wait that began at `since`; `before` is what was told until then."""
        self._since, self._before = since, before or {}
        return self.execute(context)

    def _wait(self, kinds: dict[str, str], jobs: dict[str, list[str]], counts: Counts) -> None:
        """Defer; return where that would go on for too long."""
        from perennial.triggers.provider import ProviderTrigger

        since = self._since or clock()
        if clock() + LOOK < since + LONGEST:
            name = next(iter(jobs))
            self.log.info("waiting for %s", ", ".join(jobs))
            self.defer(
                trigger=ProviderTrigger(kinds[name], name, jobs[name], latest=since + LONGEST),
                method_name="resume",
                kwargs={"since": since, "before": counts},
            )


def pending(counts: Counts) -> dict[str, list[str]]:
    """By connection: the jobs that its provider still works on."""
    found = {name: (told.get("asked") or {}).get("pending") for name, told in counts.items()}
    return {name: jobs for name, jobs in found.items() if jobs}


def together(before: Counts, counts: Counts) -> Counts:
    """What was told in both parts of a run; of numbers the sums, of anything else what was told last."""
    both = {**before, **counts}
    for name in before.keys() & counts.keys():
        one, two = before[name], counts[name]
        if isinstance(one, dict) and isinstance(two, dict):
            both[name] = together({key: each for key, each in one.items() if key != "pending"}, two)
        elif isinstance(one, int) and isinstance(two, int):
            both[name] = one + two
    return both
