"""What the mappings of all providers share: events sorted out, and rows of responses with their people."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from perennial.identity.values import EMAIL, EMAIL_SHA256, address, sha256
from perennial.lake.responses import EMAIL_EVENTS

Posts = Iterable[tuple[int, list[Any]]]
"""Of (received at, in microseconds since the epoch; events)."""


LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoResponseError(ValueError):
    """This event cannot be a response; the text says why."""


@dataclass(frozen=True)
class Mapped:
    """Provider events, sorted out."""

    responses: pl.DataFrame
    """As `EMAIL_EVENTS`, with repetitions."""
    apart: list[tuple[Any, str]]
    """Everything else: the event as it came, and the reason."""


def sorted_out(
    posts: Posts, response: Callable[[Any], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[tuple[Any, str]]]:
    """What `response` makes of each event, and those of which it makes nothing, with its reason."""
    rows: list[dict[str, Any]] = []
    apart: list[tuple[Any, str]] = []
    for received_at, events in posts:
        for event in events:
            try:
                rows.append({**_written(response(event)), "received_at": received_at})
            except NoResponseError as error:
                apart.append((event, str(error)))
    return rows, apart


def _written(row: dict[str, Any]) -> dict[str, Any]:
    """The row, if its texts can be written down: JSON has halves of characters, too."""
    for name, value in row.items():
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NoResponseError(f"{name} is no text") from None
    return row


def frame(rows: list[dict[str, Any]], more: Mapping[str, Any]) -> pl.LazyFrame:
    """Rows whose times are microseconds since the epoch, with columns of the provider's own.

    Of the recipient's address, if that is one of them, the domain is kept.
    """
    times = {"event_time": pl.Int64(), "received_at": pl.Int64()}
    found = pl.LazyFrame(rows, schema={**EMAIL_EVENTS, **more, **times}).with_columns(
        pl.col("event_time", "received_at").cast(pl.Datetime("us", "UTC"))
    )
    if EMAIL not in more:
        return found
    domain = address(pl.col(EMAIL)).str.extract(r"@([^@]+)$")
    return found.with_columns(domain=pl.coalesce(domain, "domain"))


def with_people(responses: pl.LazyFrame, identities: pl.LazyFrame) -> pl.DataFrame:
    """As `EMAIL_EVENTS`: `identities` (email_sha256, person_id) names the people; others stay null."""
    named = (
        responses.with_columns(event_date=pl.col("event_time").dt.date())
        .drop("person_id")
        .join(identities.unique(EMAIL_SHA256), on=EMAIL_SHA256, how="left")
    )
    return named.select(pl.col(name).cast(kind) for name, kind in EMAIL_EVENTS.items()).collect()


def addressed(rows: list[dict[str, Any]], identities: pl.LazyFrame) -> pl.DataFrame:
    """Rows that know the recipient's address, where the provider has no name for a send: a campaign to it.

    An event is called `event_id`, or, where it has no id either, by its send and `of_send`: what happened
    to that, which happens once, or at that second.
    """
    found = frame(rows, {EMAIL: pl.String(), "of_send": pl.String()})
    hashed = pl.coalesce(sha256(address(pl.col(EMAIL))), EMAIL_SHA256)
    found = found.with_columns(hashed.alias(EMAIL_SHA256))
    own = pl.concat_str("provider", "campaign_id", pl.col(EMAIL_SHA256).str.slice(0, 16), separator="/")
    named = found.with_columns(send_id=pl.coalesce("send_id", own))
    of_send = pl.concat_str("send_id", "of_send", separator="/")
    return with_people(named.with_columns(event_id=pl.coalesce("event_id", of_send)), identities)


def moment(written: Any) -> int:
    """Microseconds since the epoch of a time such as 2017-12-25T10:00:00+00:00; UTC where it does not say."""
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        raise NoResponseError(f"no time: {written!r:.40}") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int((at - EPOCH).total_seconds() * 1_000_000)


def seconds(event: Mapping[str, Any], name: str = "timestamp") -> int:
    """Microseconds since the epoch of a time in seconds."""
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise NoResponseError(f"no {name} in seconds since the epoch")
    return value * 1_000_000


def text(event: Mapping[str, Any], name: str) -> str:
    """A text that has to be there."""
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise NoResponseError(f"no {name}")
    return value


def day(written: str | None) -> date | None:
    """A day such as 2017-12-25, if it is one."""
    try:
        return None if written is None else datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
