"""Operators for campaigns: documents in, e-mails on their way, and what mail servers report of them, out."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from perennial.errors import PerennialError, TerminalError, TransientError
from perennial.operators.context import refuse_unknown_keys
from perennial.operators.lineage import TellsLineage
from perennial.operators.stage import store_url
from perennial.settings import Settings


def utc_now() -> datetime:
    """The one clock of campaigns."""
    return datetime.now(UTC)


class SendCampaignsOperator(TellsLineage, BaseOperator):
    """Send the campaigns that are due, each to whom it has not been sent.

    One that fails keeps no other from being sent; the task fails at its end. Killed, it is run again: what
    was in the middle of being sent is in doubt, and told. Parameters: `campaign` names one, `dry_run` only
    counts, `replay` sends again what is in doubt.

    :param asset: what says what was sent
    """

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        from perennial.campaigns.ledger import migrate
        from perennial.stages.campaigns import load_campaigns
        from perennial.stages.lineage_beyond import mailed
        from perennial.stages.workspace import Workspace

        refuse_unknown_keys(context)
        params = context.get("params") or {}
        workspace = Workspace(Settings.from_env())
        known = load_campaigns(workspace.settings.include)
        wanted = params.get("campaign")
        if wanted and wanted not in known:
            raise TerminalError(f"there is no campaign {wanted}; known: {', '.join(known) or 'none'}")
        if params.get("replay") and not wanted:
            raise TerminalError("replay: name the campaign of which to send again what is in doubt")
        migrate(store_url())
        counts: dict[str, Any] = {}
        failures: list[PerennialError] = []
        for name in [wanted] if wanted else known:
            try:
                if (report := self._one(workspace, known[name], params)) is not None:
                    counts[name] = report
                    self.log.info("%s: %s", name, report)
            except PerennialError as error:
                self.log.error("%s", error)
                failures.append(error)
        self._warn(counts)
        if not params.get("dry_run"):
            self.tell(workspace, lambda: mailed(workspace, counts))
        context["outlet_events"][self.asset].extra = counts
        if failures:
            may_pass = all(isinstance(one, TransientError) for one in failures)
            raise (TransientError if may_pass else TerminalError)("; ".join(map(str, failures)))
        return counts

    def _one(self, workspace: Any, campaign: Any, params: Any) -> dict[str, Any] | None:
        from perennial.campaigns.settings import CampaignSettings
        from perennial.hooks.mail import smtp_client
        from perennial.stages.campaigns import finish, send

        if isinstance(campaign, PerennialError):
            raise campaign
        now, dry_run = utc_now(), bool(params.get("dry_run"))
        if not campaign.is_due(now) and not (dry_run and params.get("campaign")):
            if params.get("campaign"):
                raise TerminalError(
                    f"campaign {campaign.name} is not due: its state is {campaign.state}, it is sent from"
                    f" {campaign.begins.isoformat()} until {campaign.ends.isoformat()}; a dry run counts it"
                )
            given_up = finish(store_url(), campaign, now) if now >= campaign.ends else 0
            return {"expired": given_up} if given_up else None
        return send(
            workspace, CampaignSettings.from_env(), store_url(), campaign,
            partial(smtp_client, campaign.connection), utc_now, dry_run, bool(params.get("replay")),
        ).as_dict()  # fmt: skip

    def _warn(self, counts: dict[str, Any]) -> None:
        for name, report in counts.items():
            if doubtful := report.get("in_doubt"):
                self.log.warning(
                    "%s: of %d messages it is not known whether they were sent; they are not sent again,"
                    " unless this Dag is triggered with this campaign and replay",
                    name, doubtful,
                )  # fmt: skip


class ReadBouncesOperator(BaseOperator):
    """Take in what mail servers report, from the Maildir in `PERENNIAL_BOUNCES`; without one, do nothing.

    :param asset: what says what was read
    """

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset

    def execute(self, context: Context) -> dict[str, Any]:
        from perennial.campaigns.ledger import migrate
        from perennial.campaigns.mailbox import take
        from perennial.campaigns.settings import CampaignSettings

        refuse_unknown_keys(context)
        settings = CampaignSettings.from_env()
        if settings.bounces is None:
            return {"skipped": "PERENNIAL_BOUNCES is not set"}
        migrate(store_url())
        counts = take(settings.bounces, store_url(), settings.signer, utc_now()).as_dict()
        self.log.info("read: %s", counts)
        context["outlet_events"][self.asset].extra = counts
        return counts
