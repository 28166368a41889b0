"""Responses, members and recorded arms in; who takes part in the comparison that each campaign is, out."""

import polars as pl

from perennial.activation.holdout import TREATED
from perennial.audiences.membership import EXITED
from perennial.identity.people import PERSON

SEND = ["campaign_id", "audience", "sent_as_of"]
"""A campaign goes to an audience as of a day."""
SCHEMA = pl.Schema(
    {
        "campaign_id": pl.String(),
        "audience": pl.String(),
        "sent_as_of": pl.Date(),
        "sent_at": pl.Datetime("us", "UTC"),
        "date_key": pl.Date(),
        PERSON: pl.String(),
        "arm": pl.String(),
        "share": pl.Float64(),
        "sent": pl.Boolean(),
    }
)
"""`sent_at` is the campaign's first message, for both arms alike, and `sent` whether the person got one."""


def campaign_people(events: pl.LazyFrame, members: pl.LazyFrame, assignments: pl.LazyFrame) -> pl.LazyFrame:
    """Everybody who was in the audience at a send, in the arm that they drew before: as `SCHEMA`.

    Whom a message reached plays no part (intention to treat): whoever has no address any more, or opted out,
    has counterparts among those held out. A campaign tells its audience, and not the activation by which it
    came to the provider: that is the one to whose treated people most of it went. A campaign to an audience
    for which nobody drew a lot is not there; nor is one that was sent without regard to it, so that half as
    many as the lot would give, or more, of those whom it reached had been held out.
    """
    sent = (
        events.filter(pl.col("event_type") == "sent", pl.col("sent_as_of").is_not_null())
        .group_by(*SEND, PERSON)
        .agg(sent_at=pl.col("event_time").min())
    )
    sends = sent.group_by(SEND).agg(pl.col("sent_at").min())
    drawn = assignments.rename({"as_of": "assigned_as_of"})
    treated = pl.col("arm") == TREATED
    activated = (
        sent.join(drawn, on=["audience", PERSON])
        .group_by(*SEND, "activation")
        .agg(people=treated.sum(), broken=(~treated).mean(), share=pl.col("share").mean())
        .filter(pl.col("people") > 0, pl.col("broken") < pl.col("share") / 2)
        .sort("people", "activation", descending=[True, False])
        .group_by(SEND)
        .agg(pl.col("activation").first())
    )
    there = members.filter(pl.col("status") != EXITED).select("audience", PERSON, sent_as_of="as_of")
    reached = sent.select(*SEND, PERSON, sent=pl.lit(True))
    return (
        sends.join(activated, on=SEND)
        .join(there, on=["audience", "sent_as_of"])
        .join(drawn, on=["activation", "audience", PERSON])
        .filter(pl.col("assigned_as_of") <= pl.col("sent_as_of"))
        .join(reached, on=[*SEND, PERSON], how="left")
        .with_columns(pl.col("sent").fill_null(False), date_key=pl.col("sent_at").dt.date())
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )
