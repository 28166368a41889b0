"""An alerts document: of which Dags, what is told, and where to."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.alerts.notice import Channel, Event, Notice
from perennial.documents import Document


class Alerts(Document):
    """Who hears of what. Everything that is told stands on the page *Health*, too."""

    name: str
    title: str
    """What people call it."""
    dags: Annotated[list[str], Field(min_length=1)] = ["*"]
    """Names of Dags; `*` stands for any letters, as in `activation_*`."""
    except_dags: list[str] = []
    """Those of them that nothing is told of."""
    events: Annotated[list[Event], Field(min_length=1)] = ["failure", "delay", "quarantine", "breach"]
    """What is told."""
    delay_minutes: Annotated[int, Field(ge=1, le=1440)] = 150
    """After how long a run that has not ended is late, counted from when it was queued."""
    quarantined_rows: Annotated[int, Field(ge=0)] = 0
    """Tell of a batch of which more rows than that were set aside."""
    slack: str | None = None
    """A connection that holds the address of a Slack-compatible webhook."""
    webhook: str | None = None
    """A connection of type http, whose host is posted to."""
    email: list[str] = []
    """Addresses that are written to."""
    smtp: str = "smtp_default"
    """The connection that e-mails are sent with."""

    @model_validator(mode="after")
    def _addresses_are_addresses(self) -> "Alerts":
        if wrong := [each for each in self.email if "@" not in each.strip("@")]:
            raise ValueError(f"no e-mail address: {', '.join(wrong)}")
        return self

    @property
    def channels(self) -> list[Channel]:
        """Where it is sent to, besides the page."""
        found: list[tuple[Literal["slack", "webhook", "email"], str | None, str]] = [
            ("slack", self.slack, ""),
            ("webhook", self.webhook, ""),
            *(("email", self.smtp, address) for address in self.email),
        ]
        return [Channel(kind, connection, to) for kind, connection, to in found if connection]

    def is_about(self, dag: str) -> bool:
        """Whether anything is told of a Dag."""
        return any(fnmatchcase(dag, each) for each in self.dags) and not any(
            fnmatchcase(dag, each) for each in self.except_dags
        )

    def wants(self, notice: Notice) -> bool:
        """Whether a notice is told."""
        if notice.event not in self.events or not self.is_about(notice.dag):
            return False
        if notice.event == "delay":
            return notice.amount == self.delay_minutes
        # Of a query in quarantine no rows are counted.
        return notice.event != "quarantine" or notice.amount is None or notice.amount > self.quarantined_rows


def channels_of(documents: Mapping[str, Alerts], notice: Notice) -> list[Channel] | None:
    """Where a notice goes, each place once; None if nobody wants to hear of it, not even the page."""
    wanting = [each for each in documents.values() if each.wants(notice)]
    if not wanting:
        return None
    return [*dict.fromkeys(channel for each in wanting for channel in each.channels)]
