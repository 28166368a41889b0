"""Who must not be sent any campaign, in PostgreSQL: by the SHA-256 of their address, and for which reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import polars as pl
import psycopg

from perennial.store_schemas import has_table

Kind = Literal["unsubscribe", "bounce", "complaint"]


def suppress(
    connection: psycopg.Connection, addresses: Mapping[str, datetime], kind: Kind, campaign: str | None = None
) -> None:
    """Record who is not to be sent anything any more, and since when; first sight is kept."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO campaigns.suppression (email_sha256, kind, campaign, since) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(sha256, kind, campaign, since) for sha256, since in addresses.items()],
        )


def suppressed(connection: psycopg.Connection) -> pl.Series:
    """The SHA-256 of all these addresses, and of those that a provider named to an activation.

    Who opted out of what a provider sends has opted out of what we send; who was archived there has not.
    """
    known = [row[0] for row in connection.execute("SELECT email_sha256 FROM campaigns.suppression")]
    if has_table(connection, "activation.suppression"):
        theirs = connection.execute(
            "SELECT DISTINCT encode(sha256(convert_to(lower(btrim(key)), 'UTF8')), 'hex')"
            " FROM activation.suppression WHERE kind <> 'archived'"
        )
        known += [row[0] for row in theirs]
    return pl.Series("email_sha256", sorted(set(known)), dtype=pl.String)
