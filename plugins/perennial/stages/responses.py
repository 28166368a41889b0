"""The collector's logs, and providers that are asked, in; what came back from recipients in the lake, out."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from perennial.activation import ledger
from perennial.activation.definition import Activation, load_activations
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import kept
from perennial.activation.shared_limits import Allowances
from perennial.errors import PerennialError, TerminalError
from perennial.responses import salesforce
from perennial.responses.accounts import POSTING, TELLING, telling
from perennial.responses.asking import ask
from perennial.responses.land import DATASET, SENDGRID, LandReport, Source, land, land_all, trim_landed
from perennial.responses.log import KEEP, webhook_log
from perennial.responses.shape import NoResponseError
from perennial.stages.workspace import Workspace

Accounts = Callable[[str, str], Account]
"""The account of a kind behind an Airflow connection."""


def land_posts(workspace: Workspace, now: datetime) -> LandReport:
    """Land posts of the webhooks whose events say all by themselves, or by those that came before."""
    lake = workspace.lake

    def earlier(ids: Collection[str]) -> salesforce.Known:
        return salesforce.sends(lake.email_events.scan(), ids)

    mapped = partial(salesforce.map_events, earlier=earlier)
    source = Source("responses/salesforce", mapped, f"{DATASET}-salesforce")
    # What lies beside the webhooks' folder came before each process had a partition of its own.
    report = land(workspace.settings.spool / "sendgrid", lake)
    report += _landed(workspace, "sendgrid", SENDGRID, now)
    return report + _landed(workspace, salesforce.PROVIDER, source, now)


def _landed(workspace: Workspace, provider: str, source: Source, now: datetime) -> LandReport:
    topic = webhook_log(workspace.settings.spool).spool / provider
    report = land_all(topic, workspace.lake, source)
    trim_landed(topic, workspace.lake, source, now - KEEP)
    return report


def connections(workspace: Workspace) -> dict[str, list[str]]:
    """By kind: the connections that activations name, of providers that are asked."""
    found: dict[str, set[str]] = {}
    for each in load_activations(workspace.settings.include).values():
        # One that cannot be read is told by its own Dag.
        if isinstance(each, Activation) and each.destination.kind in TELLING:
            found.setdefault(each.destination.kind, set()).add(each.destination.connection)
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def ask_providers(
    workspace: Workspace,
    url: str,
    accounts: Accounts,
    now: datetime,
    wire: Wire | None = None,
    only: Collection[str] | None = None,
) -> Iterator[tuple[str, dict[str, Any] | PerennialError]]:
    """Ask each account that an activation names; by connection, what it told, or why it did not.

    Posts of webhooks that name campaigns by ids wait until the account is asked for these. With `only`,
    no other connections than these are asked.
    """
    ledger.migrate(url)
    named, log = connections(workspace), webhook_log(workspace.settings.spool)
    for kind in sorted(POSTING - named.keys()):
        if only is None and log.partitions(kind):
            yield (
                kind,
                TerminalError(
                    f"posts of {kind}'s webhook wait to land: no activation names a connection to ask for"
                    " their campaigns"
                ),
            )
    for kind, names in named.items():
        for connection in names:
            if only is not None and connection not in only:
                continue
            try:
                yield connection, _one(workspace, url, kind, connection, len(names), accounts, now, wire)
            except PerennialError as error:
                yield connection, error
            except NoResponseError as error:
                yield connection, TerminalError(f"{kind} told what cannot be understood: {error}")


def _one(
    workspace: Workspace,
    url: str,
    kind: str,
    connection: str,
    of_kind: int,
    accounts: Accounts,
    now: datetime,
    wire: Wire | None,
) -> dict[str, Any]:
    # The provider's limits are those of activations, too.
    wire = wire or Wire(limits=Allowances(url, connection))
    told = telling(kind, accounts(kind, connection), kept(url, connection), url, connection, wire)
    log, counts = webhook_log(workspace.settings.spool), {}
    if told and told.posts and log.partitions(kind):
        if of_kind > 1:
            raise TerminalError(
                f"posts of {kind}'s webhook do not tell which of {of_kind} accounts they are of; activations"
                " may name one"
            )
        counts["posts"] = _landed(workspace, kind, told.posts, now).as_dict()
    if told and told.reader:
        counts["asked"] = ask(told.reader, f"responses/{connection}", workspace.lake, now).as_dict()
    return counts
