"""Who qualifies in; who of them is sent nothing, so that what sending brings can be measured, out.

Arms are drawn by lot, one for each person and activation: whoever is held out in one audience is so in all
audiences of that activation. They are recorded when somebody qualifies for the first time, and stay.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
import psycopg

from perennial.activation.shares import Holdout
from perennial.audiences.compile import die
from perennial.errors import TerminalError
from perennial.identity.people import PERSON
from perennial.store_schemas import has_table

TREATED, HELD_OUT = "treated", "held_out"
SCHEMA = pl.Schema(
    {
        "audience": pl.String(),
        PERSON: pl.String(),
        "arm": pl.String(),
        "share": pl.Float64(),
        "decile": pl.Int32(),
    }
)
"""One row for each audience that somebody qualified for; `share` is the one by which their lot was drawn."""


def assign(qualified: pl.DataFrame, recorded: pl.DataFrame, seed: str, share: float) -> pl.DataFrame:
    """The arms of all who qualify, as `SCHEMA`.

    `qualified` has (audience, person_id, decile), and `recorded` is as `SCHEMA`: whoever is there keeps their
    arm, in audiences that are new to them too. Of the others, a greater share holds out everybody of a
    smaller one; `seed` is the activation's name, so that others draw lots of their own.
    """
    known = recorded.group_by(PERSON).agg(pl.col("arm", "share").first())
    drawn = pl.when(die(seed) < pl.lit(int(share * 2**64), pl.UInt64)).then(pl.lit(HELD_OUT))
    return (
        qualified.join(known, on=PERSON, how="left")
        .with_columns(
            arm=pl.coalesce("arm", drawn.otherwise(pl.lit(TREATED))),
            share=pl.coalesce("share", pl.lit(share)),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        .sort("audience", PERSON)
    )


def keys_of(profiles: pl.LazyFrame, key: pl.Expr, holdout: Holdout, whose: str) -> pl.LazyFrame:
    """(person_id, key, decile), for `split`; `whose` begins the error where there is no such decile."""
    known = profiles.collect_schema()
    if holdout.decile is not None and holdout.decile not in known:
        raise TerminalError(
            f"{whose}: holdout: decile: the profile has no column {holdout.decile}; it has"
            f" {', '.join(sorted(known))}"
        )
    decile = pl.lit(None) if holdout.decile is None else pl.col(holdout.decile)
    return profiles.select(PERSON, key=key, decile=decile.cast(pl.Int32))


@dataclass(frozen=True)
class Split:
    """Members with their arms."""

    members: pl.LazyFrame
    """(audience, person_id): all but those held out, and those who share an address with one of them."""
    assigned: pl.DataFrame
    """The arms of everybody who can be reached, as `SCHEMA`."""
    held_out: int
    """People who are not among the members for it."""


def split(
    members: pl.LazyFrame, keys: pl.LazyFrame, recorded: pl.DataFrame, seed: str, holdout: Holdout
) -> Split:
    """Hold people out of `members` (audience, person_id).

    `keys` has (person_id, key, decile): how the destination knows somebody. Who has no key cannot be reached,
    and so gets no arm: both arms would be larger by people to whom nothing can happen.
    """
    wanted = members.select("audience", PERSON).unique().collect()
    reachable = keys.filter(pl.col("key").is_not_null()).join(wanted.lazy(), on=PERSON, how="semi").collect()
    assigned = assign(wanted.join(reachable, on=PERSON), recorded, seed, holdout.fraction)
    held = reachable.join(assigned.filter(arm=HELD_OUT), on=PERSON, how="semi")
    # A message to a shared address would reach somebody who is held out.
    without = reachable.join(held.select("key"), on="key", how="semi")[PERSON]
    return Split(wanted.lazy().filter(~pl.col(PERSON).is_in(without.implode())), assigned, without.len())


def recorded(connection: psycopg.Connection, activation: str) -> pl.DataFrame:
    """The arms of an activation as they were recorded, as `SCHEMA`."""
    query = "SELECT audience, person_id, arm, share, decile FROM activation.assignment WHERE activation = %s"
    rows = connection.execute(query, (activation,)).fetchall()
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def record(connection: psycopg.Connection, activation: str, as_of: datetime, assigned: pl.DataFrame) -> int:
    """Record the arms of those who qualified for the first time as of a moment; how many there were.

    What is recorded stays, so that a run that is killed and run again leaves the same.
    """
    with connection.transaction():
        connection.execute(
            "CREATE TEMP TABLE assigned (audience text, person_id text, arm text, share double precision,"
            " decile integer) ON COMMIT DROP"
        )
        with connection.cursor() as cursor, cursor.copy("COPY assigned FROM STDIN") as copy:
            for row in assigned.select(SCHEMA.names()).iter_rows():
                copy.write_row(row)
        done = connection.execute(
            "INSERT INTO activation.assignment (activation, audience, person_id, arm, share, decile, as_of)"
            " SELECT %(activation)s, audience, person_id, arm, share, decile, %(as_of)s FROM assigned"
            " ON CONFLICT DO NOTHING",
            {"activation": activation, "as_of": as_of},
        )
        return done.rowcount


def assignments(url: str) -> pl.DataFrame:
    """Every recorded arm: `SCHEMA` with the activation, and the `as_of` from which somebody had it."""
    with psycopg.connect(url) as connection:
        query = (
            "SELECT activation, audience, person_id, arm, share, decile, (as_of AT TIME ZONE 'UTC')::date"
            " FROM activation.assignment"
        )
        rows = connection.execute(query).fetchall() if has_table(connection, "activation.assignment") else []
    return pl.DataFrame(rows, schema={"activation": pl.String(), **SCHEMA, "as_of": pl.Date()}, orient="row")
