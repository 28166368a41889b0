"""Campaigns as a provider tells of them in; which audience each went to, and as of which day, out.

A campaign's name says it, where it has `audience:<name>` and `as_of:<day>` in it. Otherwise the lists tell
that it was sent to: our own ledger knows whom they held when.
"""

import re
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import date, datetime

from perennial.activation.kept import Kept
from perennial.responses.shape import NoResponseError, day

SAID = re.compile(r"(?<![A-Za-z0-9_])(audience|as_of)[:.-]([a-z][a-z0-9_]*|\d{4}-\d\d-\d\d)")
"""Some providers' names can have no colon."""


@dataclass(frozen=True)
class Campaign:
    """What a provider knows of a campaign."""

    id: str
    name: str
    lists: Collection[str] = ()
    """The provider's ids of all lists that it was sent to; none where they are not known."""
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Sent:
    """What responses say of the campaign that they answer."""

    campaign_id: str
    campaign_name: str
    audience: str
    as_of: date | None

    def columns(self) -> dict[str, str | date | None]:
        """By the names that they have in the lake."""
        return {
            "campaign_id": self.campaign_id,
            "campaign_name": self.campaign_name,
            "audience": self.audience,
            "sent_as_of": self.as_of,
        }


def said(text: str) -> dict[str, str]:
    """What a name says of itself: `audience` and `as_of`."""
    return dict(SAID.findall(text))


def sent(campaign: Campaign, kept: Kept) -> Sent:
    """Whom a campaign went to; `NoResponseError` where it cannot be told."""
    told = said(campaign.name)
    audience = told.get("audience") or kept.audience(campaign.lists)
    if audience is None:
        raise NoResponseError(
            f"campaign {campaign.id} ({campaign.name!r:.80}) was not sent to the list of one audience of"
            " ours, and its name has no audience:<name> in it"
        )
    as_of = day(told.get("as_of")) or kept.as_of(campaign.sent_at)
    return Sent(campaign.id, campaign.name, audience, as_of)


class Campaigns:
    """Campaigns of an account, each asked for once; of those that are not ours, why is in `unclear`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._found: dict[Hashable, Sent | None] = {}
        self.unclear: dict[str, str] = {}
        """By the campaign's id."""

    def sent(self, key: Hashable, name: str, asked: Callable[[], Campaign]) -> Sent | None:
        """Whom a campaign went to; None where it cannot be told. `asked` may raise `NoResponseError`, too."""
        if key not in self._found:
            try:
                self._found[key] = sent(asked(), self._kept)
            except NoResponseError as error:
                self.unclear[name], self._found[key] = str(error), None
        return self._found[key]
