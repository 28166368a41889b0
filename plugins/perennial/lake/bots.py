"""The shapes of the tables about bots: what visitors did by day, what was found, learned and decided."""

import polars as pl

from perennial.lake.identity import NAME

_COUNTS = {f"{kind}_{size}": pl.Int64() for size in (60, 300, 1800) for kind in ("most", "buckets", "pages")}
VISITOR_DAYS = pl.Schema(
    {
        "visitor": pl.String(),
        "event_date": pl.Date(),
        "events": pl.Int64(),
        "user_agent": pl.String(),
        **_COUNTS,
    }
)
"""What each visitor did on a day; `perennial.bots.features` says what is counted."""
BOTS_FOUND = pl.Schema(
    {
        "visitor": pl.String(),
        "as_of": pl.Date(),
        "user_agent": pl.String(),
        "family": pl.String(),
        **dict.fromkeys(("declared", "rule", "model"), pl.Boolean()),
        "probability": pl.Float64(),
        "events": pl.Int64(),
        **{f"{kind}_{size}": pl.Int64() for kind in ("most", "pages") for size in (60, 300, 1800)},
        **{f"mean_{size}": pl.Float64() for size in (60, 300, 1800)},
        "first_day": pl.Date(),
        "last_day": pl.Date(),
    }
)
"""Visitors that were found to be bots as of a day, and by what; what they did, over all days before."""
BOT_TRAFFIC = pl.Schema(
    {
        "definition": pl.String(),
        "as_of": pl.Date(),
        "why": pl.String(),
        "visitors": pl.Int64(),
        "events": pl.Int64(),
    }
)
"""How many visitors there were as of a day: people, bots by what told them first, and bots let in."""
BOT_MODELS = pl.Schema(
    {
        "fit_id": pl.String(),
        "definition": pl.String(),
        "as_of": pl.Date(),
        "settings": pl.Int64(),
        "status": pl.String(),
        "reason": pl.String(),
        "families": pl.Int64(),
        "bot_families": pl.Int64(),
        "nodes": pl.List(
            pl.Struct(
                {
                    "feature": pl.String(),
                    "threshold": pl.Float64(),
                    "left": pl.Int64(),
                    "right": pl.Int64(),
                    "visitors": pl.Int64(),
                    "bots": pl.Int64(),
                }
            )
        ),
        "quality": pl.List(
            pl.Struct(
                {
                    "predictor": pl.String(),
                    **dict.fromkeys(("visitors", "bots", "found", "mistaken"), pl.Int64()),
                    **dict.fromkeys(("precision", "recall"), pl.Float64()),
                }
            )
        ),
        "held_out": pl.List(pl.List(pl.String())),
    }
)
"""Every tree that was learned, with its trial on families of user agents that it had not seen."""
BOT_MARKS = pl.Schema(dict.fromkeys(NAME, pl.String()))
"""The identities whose rows are left out of value, profiles and audiences now."""
BOT_DECISIONS = pl.Schema(
    {
        **dict.fromkeys(NAME, pl.String()),
        "decision": pl.String(),
        "reason": pl.String(),
        "by": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "step": pl.Int64(),
    }
)
"""What people decided of visitors: `let_in`, `left_out`, or `as_found`; the highest step of one counts."""
