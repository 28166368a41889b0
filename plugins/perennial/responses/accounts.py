"""An account of a provider in; who tells what came back from it, out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.customer_io.client import app
from perennial.activation.destinations.klaviyo.client import KlaviyoClient
from perennial.activation.destinations.mailchimp.client import MailchimpClient
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.activation.kept import Kept
from perennial.responses import customer_io, mailchimp
from perennial.responses.asking import AROUND, Reader
from perennial.responses.customer_io_campaigns import Campaigns
from perennial.responses.klaviyo import Events
from perennial.responses.land import DATASET, Source
from perennial.responses.mailchimp_reports import Reports


@dataclass(frozen=True)
class Telling:
    """Who tells, of one account."""

    posts: Source | None = None
    """What the posts of its webhook mean: the account is asked for the campaigns that they name."""
    reader: Reader | None = None
    """Who asks it what happened."""


def telling(kind: str, account: Account, kept: Kept, wire: Wire | None = None) -> Telling | None:
    """Who tells what came back from an account; None of providers that are not asked."""
    make = TELLING.get(kind)
    return make(account, connector(kind).limits, kept, wire or Wire()) if make else None


def _customer_io(account: Account, limits: Limits, kept: Kept, wire: Wire) -> Telling:
    sends = Campaigns(app(account, limits, wire), kept)
    return Telling(_source("customer_io", partial(customer_io.map_events, sends=sends)))


def _mailchimp(account: Account, limits: Limits, kept: Kept, wire: Wire) -> Telling:
    reports = Reports(MailchimpClient(account, limits, wire), kept)
    return Telling(_source("mailchimp", partial(mailchimp.map_events, sends=reports)), reports)


def _klaviyo(account: Account, limits: Limits, kept: Kept, wire: Wire) -> Telling:
    return Telling(reader=Events(KlaviyoClient(account, limits, wire), kept))


def _source(provider: str, mapped: Callable[..., Any]) -> Source:
    return Source(f"responses/{provider}", mapped, f"{DATASET}-{provider}", AROUND)


TELLING: dict[str, Callable[[Account, Limits, Kept, Wire], Telling]] = {
    "customer_io": _customer_io,
    "klaviyo": _klaviyo,
    "mailchimp": _mailchimp,
}
POSTING = {"customer_io", "mailchimp"}
"""Those of them with a webhook."""
