"""What Mailchimp tells of members in, responses in our schema out: its audience webhook, and its reports.

Both name a member's address and a campaign, and nothing by which an event could be called. What can happen
to a send once is called by that; opens and clicks by their second. So an unsubscription that both tell lands
once.
"""

from collections.abc import Callable
from typing import Any

import polars as pl

from perennial.identity.values import EMAIL
from perennial.responses.sends import Sent
from perennial.responses.shape import (
    Mapped,
    NoResponseError,
    Posts,
    addressed,
    moment,
    sorted_out,
    text,
)

PROVIDER = "mailchimp"
Sends = Callable[[str], Sent]
"""What the campaign with an id was sent to; `NoResponseError` where it cannot be told."""


def map_events(posts: Posts, identities: pl.LazyFrame, sends: Sends) -> Mapped:
    """Map posts of the audience webhook; `identities` (email_sha256, person_id) names the people."""
    rows, apart = sorted_out(posts, lambda event: _response(event, sends))
    return Mapped(addressed(rows, identities), apart)


def row(event_type: str, at: Any, email: str, campaign: Sent, **more: Any) -> dict[str, Any]:
    """One response, as `addressed` takes it; `bounce_class` and `url` may be among the rest."""
    once = {"opened": f"opened/{at}", "clicked": f"clicked/{at}/{more.get('url')}"}
    bounce = more.get("bounce_class")
    return {
        "of_send": once.get(event_type, f"{event_type}/{bounce}" if bounce else event_type),
        "event_type": event_type,
        "event_time": moment(at),
        "provider": PROVIDER,
        EMAIL: email,
        # Its reports leave out what it takes for the opens of machines, where the account says so.
        "is_machine": False,
        **campaign.columns(),
        **more,
    }


def _response(event: Any, sends: Sends) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise NoResponseError("not an object")
    kind, reason = event.get("type"), event.get("data[reason]")
    if kind == "unsubscribe":
        # A complaint unsubscribes, too.
        event_type, bounce = ("complained" if reason == "abuse" else "unsubscribed"), None
    elif kind == "cleaned":
        event_type, bounce = ("complained", None) if reason == "abuse" else ("bounced", "hard")
    else:
        raise NoResponseError(f"the webhook's type {kind!r:.40} is no response")
    campaign = event.get("data[campaign_id]")
    if not campaign:
        raise NoResponseError("no data[campaign_id]: of no campaign")
    return row(
        event_type, event.get("fired_at"), text(event, "data[email]"), sends(campaign), bounce_class=bounce
    )
