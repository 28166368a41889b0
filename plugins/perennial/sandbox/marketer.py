"""The stand-in marketer: a calendar of campaigns and a day in, sends in the sandbox ESP out."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any, Literal

import requests
from pydantic import Field

from perennial.activation.definition import Activation
from perennial.documents import Document
from perennial.errors import TerminalError, TransientError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Campaign(Document):
    """One e-mail that goes to one audience, every week."""

    name: str
    audience: str
    weekdays: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)]
    """The days (UTC) on which it is sent."""


class Calendar(Document):
    """What is sent when."""

    send_at: time
    """The time of day (UTC)."""
    campaigns: list[Campaign]


class Marketer:
    """Someone with an account at the sandbox ESP."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._url, self._api_key = f"{base_url.rstrip('/')}/sandbox/campaigns", api_key

    def send(
        self, calendar: Calendar, as_of: datetime, activation: Activation, titles: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send the campaigns of the day that begins at `as_of`, to the audiences as of its midnight.

        Each carries the categories by which its events find their way back: `audience:<name>` and
        `as_of:<day>`. Returns the messages by campaign. What was sent before is not sent again.
        """
        sent = {}
        for campaign in calendar.campaigns:
            if WEEKDAYS[as_of.weekday()] not in campaign.weekdays:
                continue
            answer = self._post(
                {
                    "name": campaign.name,
                    "list_name": activation.list_name.format(
                        name=campaign.audience, title=titles[campaign.audience]
                    ),
                    "sent_at": datetime.combine(as_of.date(), calendar.send_at, as_of.tzinfo).isoformat(),
                    "categories": [f"audience:{campaign.audience}", f"as_of:{as_of.date().isoformat()}"],
                }
            )
            sent[campaign.name] = answer["recipients"]
        return {"campaigns": len(sent), "recipients": sum(sent.values()), "by_campaign": sent}

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._api_key}"}
        try:
            response = requests.post(self._url, json=body, headers=headers, timeout=(5, 60))
        except (requests.Timeout, requests.ConnectionError) as error:
            raise TransientError(f"sandbox ESP: {type(error).__name__}") from None
        if response.status_code >= 500:
            raise TransientError(f"sandbox ESP: status {response.status_code}")
        if not response.ok:
            raise TerminalError(
                f"sandbox ESP: status {response.status_code} for campaign {body['name']!r}; does the"
                f" connection lead to the sandbox, and was the list {body['list_name']!r} activated?"
            )
        answer: dict[str, Any] = response.json()
        return answer
