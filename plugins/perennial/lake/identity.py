"""How who is who is stored."""

import polars as pl

NAME = ["namespace", "value"]
"""The columns of an identity."""
LEFT, RIGHT = ["left_namespace", "left"], ["right_namespace", "right"]
PAIR = [*LEFT, *RIGHT]
LINKS = pl.Schema(
    {
        **dict.fromkeys(PAIR, pl.String()),
        "dataset": pl.String(),
        "first_seen": pl.Datetime("us", "UTC"),
        "last_seen": pl.Datetime("us", "UTC"),
    }
)
"""Two identities that a dataset has in one row. A pair that was seen again has a row more."""
MAPPING = pl.Schema(
    {
        **dict.fromkeys(NAME, pl.String()),
        "person_id": pl.String(),
        "group": pl.String(),
        "since": pl.Datetime("us", "UTC"),
        "step": pl.Int64(),
    }
)
"""Whose an identity is since when: its highest step counts. A group is what hangs together by any links."""
EVENTS = pl.Schema(
    {
        "at": pl.Datetime("us", "UTC"),
        "event": pl.String(),
        "person_id": pl.String(),
        "other_person": pl.String(),
        **dict.fromkeys(NAME, pl.String()),
        "other_namespace": pl.String(),
        "other_value": pl.String(),
        "reason": pl.String(),
    }
)
"""What happened: an identity `joined` a person; a person was `merged` into another, or `split` from it (the
other is who they were before); or a link between two identities was `refused`, and why."""
