"""Documents and the lake in; whom each campaign goes to, and the e-mails on their way, out."""

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from perennial.activation import ledger as activations
from perennial.activation.destinations.base import Window
from perennial.activation.holdout import SCHEMA, keys_of, record, recorded, split
from perennial.activation.limiter import Limiter
from perennial.audiences import membership
from perennial.audiences.comparisons import RuleError
from perennial.campaigns.definition import Campaign
from perennial.campaigns.ledger import open_ledger
from perennial.campaigns.log import tracking_log
from perennial.campaigns.message import Composer
from perennial.campaigns.opt_outs import absorb
from perennial.campaigns.recipients import Recipients, as_first, email_of, recipients
from perennial.campaigns.rendering import Templates
from perennial.campaigns.send import Report, Sending
from perennial.campaigns.settings import CampaignSettings
from perennial.campaigns.smtp import Courier
from perennial.documents import DocumentError, load, load_each
from perennial.errors import TerminalError
from perennial.identity.people import PERSON
from perennial.stages.activation import evaluated, meeting
from perennial.stages.profiles import profiles_of
from perennial.stages.workspace import Workspace


@dataclass(frozen=True)
class Chosen:
    """Whom a campaign goes to, and who drew which arm for that."""

    recipients: Recipients
    assigned: pl.DataFrame
    """The arms of all who can be reached; none where nobody is held out."""
    held_out: int


FOLDER, TEMPLATES = "campaigns", "templates"


def load_campaigns(include: Path) -> dict[str, Campaign | DocumentError]:
    """Every campaign by name; one that cannot be read does not keep the others from being sent."""
    return load_each((include / FOLDER).glob("*.yaml"), lambda path: load(path, Campaign))


def titles(workspace: Workspace) -> dict[str, str]:
    """What dashboards call the campaigns."""
    known = load_campaigns(workspace.settings.include)
    return {name: each.title for name, each in known.items() if isinstance(each, Campaign)}


def day_of(workspace: Workspace, campaign: Campaign, now: datetime) -> date:
    """The newest day with audiences and profiles; raises `TerminalError` where it is too long ago."""
    today = now.astimezone(UTC).date()
    newest = max((day for day in evaluated(workspace) if day <= today), default=None)
    if newest is None or (today - newest).days > campaign.max_age_days:
        raise TerminalError(
            f"campaign {campaign.name}: the newest audiences are those as of {newest or 'no day'}, and"
            f" max_age_days is {campaign.max_age_days}: run the stages before, or raise it"
        )
    return newest


def people(workspace: Workspace, campaign: Campaign, as_of: date, recorded: pl.DataFrame) -> Chosen:
    """To whom a campaign goes as of a day: the members of its audiences who consent to its purpose.

    Less those who are held out; `recorded` has the arms that were drawn before. Later only those are left out
    who must not be sent to.
    """
    chosen = _members(workspace, campaign, as_of)
    if campaign.purpose is not None:
        chosen = chosen.join(_consenting(workspace, campaign, as_of), on=PERSON, how="semi")
    profiles = profiles_of(workspace, as_of)
    if campaign.holdout is None:
        return Chosen(recipients(campaign, chosen, profiles), recorded.clear(), 0)
    keys = keys_of(profiles, email_of(campaign), campaign.holdout, f"campaign {campaign.name}")
    drawn = split(as_first(campaign, chosen), keys, recorded, arms_of(campaign), campaign.holdout)
    return Chosen(recipients(campaign, drawn.members, profiles), drawn.assigned, drawn.held_out)


def arms_of(campaign: Campaign) -> str:
    """Under which name the arms of a campaign are recorded, apart from those of activations."""
    return f"campaign/{campaign.name}"


def send(
    workspace: Workspace,
    settings: CampaignSettings,
    url: str,
    campaign: Campaign,
    connect: Callable[[], smtplib.SMTP],
    clock: Callable[[], datetime],
    dry_run: bool = False,
    replay: bool = False,
) -> Report:
    """Send a campaign to whom it has not been sent, or count them.

    With `replay`, what is in doubt is sent again: some will get it twice. `url` is the store's.
    """
    templates = Templates(workspace.settings.include / FOLDER / TEMPLATES, campaign)
    composer = Composer(campaign, templates, settings.signer, settings.base)
    as_of = day_of(workspace, campaign, clock())
    log = tracking_log(workspace.settings.spool)
    if campaign.holdout is not None:
        activations.migrate(url)
    with open_ledger(url, campaign.name) as ledger:
        before = (
            recorded(ledger.connection, arms_of(campaign))
            if campaign.holdout
            else pl.DataFrame(schema=SCHEMA)
        )
        found = people(workspace, campaign, as_of, before)
        if found.assigned.height and not dry_run:
            midnight = datetime.combine(as_of, time(), UTC)
            record(ledger.connection, arms_of(campaign), midnight, found.assigned)
        if replay and not dry_run:
            ledger.recover(clock())
            ledger.replay(clock())
        sending = Sending(
            ledger,
            composer,
            Courier(connect, campaign.pace.per_connection),
            Limiter([Window(calls=1, seconds=1 / campaign.pace.per_second)]),
            clock,
            lambda: absorb(log, ledger.connection, clock()),
        )
        report = sending.send(found.recipients, as_of, dry_run)
        report.held_out = found.held_out
        return report


def finish(url: str, campaign: Campaign, now: datetime) -> int:
    """Give up what is still waiting when a campaign is over; how many those are."""
    with open_ledger(url, campaign.name) as ledger:
        ledger.recover(now)
        return ledger.expire(now)


def _members(workspace: Workspace, campaign: Campaign, as_of: date) -> pl.LazyFrame:
    if unknown := sorted({*campaign.audiences} - workspace.audiences.keys()):
        raise TerminalError(
            f"campaign {campaign.name}: audiences: no audience {', '.join(unknown)}; declared:"
            f" {', '.join(sorted(workspace.audiences))}"
        )
    lacking = membership.failed(workspace.lake.evaluations).get(as_of, membership.NONE)
    if failed := sorted({*campaign.audiences} & lacking):
        raise TerminalError(
            f"campaign {campaign.name}: {', '.join(failed)} could not be evaluated as of {as_of}: nothing is"
            " sent"
        )
    rows = workspace.lake.membership.scan().filter(
        pl.col("as_of") == as_of,
        pl.col("status") != membership.EXITED,
        pl.col("audience").is_in(campaign.audiences),
    )
    return rows.select("audience", PERSON)


def _consenting(workspace: Workspace, campaign: Campaign, as_of: date) -> pl.LazyFrame:
    try:
        return meeting(workspace, str(campaign.purpose), as_of)
    except RuleError as error:
        raise TerminalError(
            f"campaign {campaign.name}: purpose: it cannot be told who consents to {campaign.purpose}:"
            f" nothing is sent. {error}"
        ) from None
