"""An account of a provider in; who tells what came back from it, out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.braze.destination import BrazeClient
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.customer_io.client import app
from perennial.activation.destinations.eloqua.client import EloquaClient
from perennial.activation.destinations.hubspot.client import HubSpotClient
from perennial.activation.destinations.iterable.destination import IterableClient
from perennial.activation.destinations.klaviyo.client import KlaviyoClient
from perennial.activation.destinations.mailchimp.client import MailchimpClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.salesforce_mc.client import token
from perennial.activation.destinations.salesforce_mc.soap import SoapClient
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept, holding
from perennial.responses import braze, customer_io, eloqua, hubspot, iterable, klaviyo, mailchimp
from perennial.responses.asking import AROUND, Reader
from perennial.responses.customer_io_campaigns import Campaigns
from perennial.responses.exports import Exports
from perennial.responses.land import DATASET, Source
from perennial.responses.mailchimp_reports import Reports
from perennial.responses.salesforce_sends import TrackingEvents


@dataclass(frozen=True)
class Telling:
    """Who tells, of one account."""

    posts: Source | None = None
    """What the posts of its webhook mean: the account is asked for the campaigns that they name."""
    reader: Reader | None = None
    """Who asks it what happened."""


@dataclass(frozen=True)
class Asked:
    """An account, and what is known of it here."""

    account: Account
    limits: Limits
    kept: Kept
    wire: Wire
    url: str
    """The store."""
    connection: str


def telling(
    kind: str, account: Account, kept: Kept, url: str, connection: str, wire: Wire | None = None
) -> Telling | None:
    """Who tells what came back from an account; None of providers that are not asked."""
    make = TELLING.get(kind)
    limits = connector(kind).limits
    return make(Asked(account, limits, kept, wire or Wire(), url, connection)) if make else None


def _braze(asked: Asked) -> Telling:
    key = Key(f"Bearer {asked.account.password}")
    client = BrazeClient(asked.account.url, key, asked.limits, asked.wire, {})
    return Telling(reader=braze.Lists(client, asked.kept, partial(holding, asked.url, asked.connection)))


def _customer_io(asked: Asked) -> Telling:
    sends = Campaigns(app(asked.account, asked.limits, asked.wire), asked.kept)
    return Telling(_source("customer_io", partial(customer_io.map_events, sends=sends)))


def _eloqua(asked: Asked) -> Telling:
    client = EloquaClient(asked.account, asked.limits, asked.wire)
    exports, wire = Exports(asked.url, asked.connection), asked.wire
    return Telling(reader=eloqua.Activities(client, asked.kept, exports, wire.sleep, wire.clock))


def _hubspot(asked: Asked) -> Telling:
    client = HubSpotClient(asked.account, asked.limits, asked.wire)
    return Telling(reader=hubspot.Events(client, asked.kept))


def _iterable(asked: Asked) -> Telling:
    key = Key(asked.account.password, "Api-Key")
    client = IterableClient(asked.account.url, key, asked.limits, asked.wire, {})
    return Telling(reader=iterable.Exports(client, asked.kept))


def _klaviyo(asked: Asked) -> Telling:
    client = KlaviyoClient(asked.account, asked.limits, asked.wire)
    return Telling(reader=klaviyo.Events(client, asked.kept))


def _mailchimp(asked: Asked) -> Telling:
    reports = Reports(MailchimpClient(asked.account, asked.limits, asked.wire), asked.kept)
    return Telling(_source("mailchimp", partial(mailchimp.map_events, sends=reports)), reports)


def _salesforce_mc(asked: Asked) -> Telling:
    auth = token(asked.account, asked.wire)
    client = SoapClient(asked.account, auth, asked.limits, asked.wire)
    return Telling(reader=TrackingEvents(client, asked.kept))


def _source(provider: str, mapped: Callable[..., Any]) -> Source:
    return Source(f"responses/{provider}", mapped, f"{DATASET}-{provider}", AROUND)


TELLING: dict[str, Callable[[Asked], Telling]] = {
    "braze": _braze,
    "customer_io": _customer_io,
    "eloqua": _eloqua,
    "hubspot": _hubspot,
    "iterable": _iterable,
    "klaviyo": _klaviyo,
    "mailchimp": _mailchimp,
    "salesforce_mc": _salesforce_mc,
}
POSTING = {"customer_io", "mailchimp"}
"""Those of them with a webhook."""
