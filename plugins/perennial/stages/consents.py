"""A person in; what they agreed to, where they opted out, and since when, out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import polars as pl

from perennial.audiences.comparisons import Row, RuleError, Where
from perennial.audiences.compile import compile_rule
from perennial.audiences.definition import Consent, blocks
from perennial.audiences.rules import Condition
from perennial.identity.people import PERSON
from perennial.stages.workspace import Workspace

OPTED_OUT = ["unsubscribed", "complained"]
HISTORY = pl.Schema(
    {
        "title": pl.String(),
        "given": pl.Boolean(),
        "since": pl.Date(),
        "until": pl.Date(),
        "told_by": pl.String(),
    }
)
"""`given`: whether they agree; `until`: the day on which that changed, null where it holds."""


def consent_history(workspace: Workspace, person_id: str) -> pl.DataFrame:
    """How each consent went, the newest first: by the documents of consent, and by the responses to messages.

    Consents whose rules ask for events or audiences have no history of their own.
    """
    periods = [pl.DataFrame(schema=HISTORY)]
    profiles = workspace.lake.profiles
    if profiles.exists():
        days = profiles.scan().filter(pl.col(PERSON) == person_id).sort("as_of").collect()
        for consent in workspace.consents.values():
            periods += _periods(consent, days)
    responses = workspace.lake.email_events.scan().filter(
        pl.col(PERSON) == person_id, pl.col("event_type").is_in(OPTED_OUT)
    )
    out = responses.select(
        title=pl.format("Messages of {}: {}", "provider", "event_type"),
        given=pl.lit(False),
        since="event_date",
        until=pl.lit(None, pl.Date),
        told_by=pl.col("campaign_name"),
    )
    return pl.concat([*periods, out.collect().cast(HISTORY)]).sort("since", "title", descending=[True, False])


def _periods(consent: Consent, days: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Consecutive days on which somebody agreed, or did not."""
    where = Where(consent.name, "rule")
    if days.is_empty() or not all(isinstance(each, Condition) for _, each in blocks(consent.rule, where)):
        return
    last: date = days["as_of"][-1]
    now = datetime(last.year, last.month, last.day, tzinfo=UTC)
    try:
        rule = compile_rule(consent.rule, Row(days.schema, now, "profiles"), where)
    except RuleError:
        return
    told = days.select("as_of", given=rule.fill_null(False))
    runs = told.group_by(pl.col("given").rle_id(), maintain_order=True).agg(
        given_=pl.col("given").first(), since=pl.col("as_of").first()
    )
    yield runs.select(
        title=pl.lit(consent.title),
        given="given_",
        since="since",
        until=pl.col("since").shift(-1),
        told_by=pl.lit("the profile"),
    ).cast(HISTORY)
