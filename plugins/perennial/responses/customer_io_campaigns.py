"""Ids of newsletters, broadcasts and campaigns in; what Customer.io's App API tells of them, out."""

from datetime import UTC, datetime
from typing import Any

from perennial.activation.destinations.customer_io.client import CustomerIoClient
from perennial.activation.destinations.failures import RefusedError
from perennial.activation.kept import Kept
from perennial.responses.sends import Campaign, Sent, sent
from perennial.responses.shape import NoResponseError

GONE = 404


class Campaigns:
    """Asks for each once."""

    def __init__(self, app: CustomerIoClient, kept: Kept) -> None:
        self._app, self._kept = app, kept
        self._found: dict[tuple[str, int], Campaign | None] = {}

    def __call__(self, kind: str, number: int) -> Sent:
        """Whom a message went to; `NoResponseError` where it is gone, or went to no one audience of ours."""
        key = (kind, number)
        if key not in self._found:
            self._found[key] = self._ask(kind, number)
        campaign = self._found[key]
        if campaign is None:
            raise NoResponseError(f"{kind} {number} is no longer there")
        return sent(campaign, self._kept)

    def _ask(self, kind: str, number: int) -> Campaign | None:
        try:
            told: dict[str, Any] = self._app.call("GET", f"/v1/{kind}s/{number}")[kind]
        except RefusedError as error:
            if error.status != GONE:
                raise
            return None
        # A campaign goes on and on; only a newsletter was sent at one moment.
        segments = told.get("recipient_segment_ids" if kind == "newsletter" else "trigger_segment_ids")
        at = told.get("sent_at")
        return Campaign(
            f"{kind}-{number}",
            str(told.get("name") or number),
            [str(each) for each in segments or ()],
            datetime.fromtimestamp(at, UTC) if at else None,
        )
