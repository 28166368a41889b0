"""A campaign document: which e-mail goes to which audiences, from when, and until when."""

from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from perennial.activation.definition import SourceField
from perennial.activation.shares import HoldoutField
from perennial.documents import Document, TimeZone

REFERENCE = "{reference}"
"""In a return path: what tells by whose message a bounce was caused."""
LASTS = timedelta(days=1)
RESERVED = ("unsubscribe_url", "campaign")
"""What every template may use, whatever the document's fields are."""


def _address(text: str) -> str:
    """`Name <name@example.com>`, or the address alone; one line of it."""
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if not local or "." not in domain.strip(".") or not address.isascii() or any(c in text for c in "\r\n"):
        raise ValueError("expected an address such as shop@example.com, or Our shop <shop@example.com>")
    return f"{name} <{address}>" if name else address


def _return_path(text: str) -> str:
    _address(text.replace(REFERENCE, "r"))
    if text.count("{") > text.count(REFERENCE):
        raise ValueError(f"the only placeholder is {REFERENCE}")
    return text


def _moment(value: object) -> object:
    """YAML takes `2026-01-05 09:00` for text. A day alone is refused: nobody means midnight."""
    if (isinstance(value, date) and not isinstance(value, datetime)) or (
        isinstance(value, str) and len(value.strip()) <= len("2026-01-05")
    ):
        raise ValueError("expected a day and a time, such as 2026-01-05 09:00")
    return value.replace(" ", "T", 1) if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Tracking(Document):
    """What the e-mail tells us when it is read."""

    opens: bool = True
    """An invisible picture at the end of the HTML."""
    clicks: bool = True
    """The links of the HTML lead through the collector."""


class Pace(Document):
    """How fast the mail server may be given messages."""

    per_second: Annotated[float, Field(gt=0, le=1000)] = 10
    """Messages a second."""
    per_connection: Annotated[int, Field(ge=1)] = 100
    """Messages until the connection is made anew."""


class Campaign(Document):
    """One e-mail to everybody in some audiences, once."""

    model_config = ConfigDict(serialize_by_alias=True)
    name: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    """What dashboards call it."""
    description: str = ""
    """For people."""
    state: Literal["draft", "active"] = "draft"
    """A draft sends nothing."""
    audiences: Annotated[list[str], Field(min_length=1)]
    """Names of audience documents. Who is in several gets one e-mail, as a member of the first of them."""
    purpose: str | None = None
    """The consent that recipients must have given, beside what their audience asks for: a document in
    `include/consent`."""
    connection: str = "smtp_default"
    """The Airflow connection, of type SMTP, over which it is sent."""
    sender: Annotated[Address, Field(alias="from")]
    """Who it is from: `Your shop <shop@example.com>`, or the address alone."""
    reply_to: Address | None = None
    """Where answers go; to the sender without it."""
    return_path: Annotated[str, AfterValidator(_return_path)] | None = None
    """Where bounces go: `bounces+{reference}@example.com`. The sender's address by default."""
    subject: Annotated[str, Field(min_length=1)]
    """A template of one line."""
    template: Name
    """The name of two files in `include/campaigns/templates`: `<template>.html` and `<template>.txt`."""
    key: str = "email"
    """The profile's column with the address; whoever lacks it is counted, not sent."""
    fields: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], SourceField] = {}
    """What the templates may use: a name, and the profile's column; of a map, an entry with `key`."""
    holdout: HoldoutField | None = None
    """How many of those who qualify are sent nothing, so that it can be measured what sending brings."""
    start: Moment
    """From then on it is sent."""
    until: Moment | None = None
    """Who comes into an audience before then is sent it as well; a day after `start` by default."""
    timezone: TimeZone = "UTC"
    """Of `start` and `until`, where they name none."""
    max_age_days: Annotated[int, Field(ge=0)] = 2
    """How old the audiences may be: with older ones nothing is sent."""
    tracking: Tracking = Tracking()
    """What it tells us when it is read."""
    pace: Pace = Pace()
    """How fast it is sent."""

    @model_validator(mode="after")
    def _consistent(self) -> "Campaign":
        if self.ends <= self.begins:
            raise ValueError("until: it has to be after start")
        if taken := sorted(set(RESERVED) & set(self.fields)):
            raise ValueError(
                f"fields: {', '.join(taken)}: every template has this already; choose another name"
            )
        return self

    @property
    def begins(self) -> datetime:
        """The first moment (UTC) at which it may be sent."""
        return self._utc(self.start)

    @property
    def ends(self) -> datetime:
        """The first moment (UTC) at which it may no more be sent."""
        return self.begins + LASTS if self.until is None else self._utc(self.until)

    def is_due(self, now: datetime) -> bool:
        """Whether it is sent at this moment."""
        return self.state == "active" and self.begins <= now < self.ends

    def envelope_sender(self, reference: str) -> str:
        """Where the mail server is to report that a message could not be delivered."""
        return (self.return_path or parseaddr(self.sender)[1]).replace(REFERENCE, reference)

    def _utc(self, moment: datetime) -> datetime:
        known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.timezone))
        return known.astimezone(UTC)
