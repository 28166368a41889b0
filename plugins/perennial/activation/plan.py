"""What should be and what was delivered in; the smallest set of changes out. Nothing here talks to anyone."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

SETTLED = ["delivered", "rejected"]
"""States in which a row with the same payload needs no request."""


@dataclass(frozen=True)
class Plan:
    """The difference between the wanted and the delivered state."""

    upserts: pl.DataFrame
    """key, person_id, payload, payload_hash, audiences: the lists (sorted) that need this row now."""
    removals: pl.DataFrame
    """audience, key: people whom we put into this list and who have to leave it."""
    unchanged: int
    """Memberships that need no request."""
    suppressed: int
    """People who are wanted and not sent: the destination says that they opted out or cannot be reached."""


def plan(desired: pl.DataFrame, ledger: pl.DataFrame, suppressed: pl.Series) -> Plan:
    """Compare `desired` (as `desired.SCHEMA`) with the `ledger` (audience, key, payload_hash, state).

    `suppressed` holds the keys that must not be sent; they leave every list that we put them into.
    """
    allowed = desired.filter(~pl.col("key").is_in(suppressed.implode()))
    wanted = allowed.explode("audiences").rename({"audiences": "audience"})
    delivered = ledger.filter(pl.col("state") != "removed")
    settled = delivered.filter(pl.col("state").is_in(SETTLED)).select("audience", "key", "payload_hash")
    due = wanted.join(settled, on=["audience", "key", "payload_hash"], how="anti")
    removals = delivered.join(wanted, on=["audience", "key"], how="anti").select("audience", "key")
    upserts = due.group_by("key", maintain_order=True).agg(
        pl.col("person_id", "payload", "payload_hash").first(), pl.col("audience").sort().alias("audiences")
    )
    return Plan(
        upserts=upserts.select("key", "person_id", "payload", "payload_hash", "audiences").sort(
            "audiences", "key"
        ),
        removals=removals.sort("audience", "key"),
        unchanged=wanted.height - due.height,
        suppressed=desired.height - allowed.height,
    )


def batches(upserts: pl.DataFrame, max_rows: int, max_bytes: int) -> Iterator[pl.DataFrame]:
    """Cut upserts into requests: one set of lists each, within the limits of rows and of payload bytes."""
    if upserts.is_empty():
        return
    size = pl.col("payload").str.len_bytes() + pl.col("key").str.len_bytes()
    room = max(1, max_bytes - int(upserts.select(size.max()).item()))
    together = upserts.sort("audiences", maintain_order=True)
    cuts = together.select(
        "audiences",
        bytes=(size.cum_sum() // room).over("audiences"),
        rows=pl.int_range(pl.len()).over("audiences") // max_rows,
    )
    start = 0
    for length in cuts.select(pl.struct(pl.all()).rle().struct.field("len")).to_series():
        yield together.slice(start, length)
        start += length
