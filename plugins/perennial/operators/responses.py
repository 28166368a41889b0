"""Operators for responses: what came back from recipients, into the lake."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from perennial.errors import PerennialError, TransientError
from perennial.operators.stage import Counts, StageOperator, store_url

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


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
        report = land_posts(workspace, now) + land_log(spool, lake, named)
        return (report + land_ledger(url, lake, named, int(now.timestamp() * 1_000_000))).as_dict()


class AskProvidersOperator(StageOperator):
    """Ask the providers that have no webhook, or one that does not say all, what came back.

    Only accounts that an activation names are asked; one that fails keeps no other from being asked, and the
    task fails at its end. Killed, it goes on where it was.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.hooks.destinations import account
        from perennial.stages.responses import ask_providers

        counts: Counts = {}
        failures: list[PerennialError] = []
        for name, told in ask_providers(workspace, store_url(), account, datetime.now(UTC)):
            if isinstance(told, PerennialError):
                self.log.error("%s: %s", name, told)
                failures.append(told)
            else:
                counts[name] = told
        if failures:
            # One that may pass is tried again, and the others with it.
            raise next((each for each in failures if isinstance(each, TransientError)), failures[0])
        return counts
