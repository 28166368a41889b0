"""Random histories with equal times and gaps of all kinds, and what SQL's windows say of them."""

from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
from hypothesis import strategies as st

from perennial.value.paths.path import Path

PATH = Path("person_id")
START = datetime(2018, 3, 1, tzinfo=UTC)
SCHEMA = {
    "person_id": pl.String(),
    "event_time": pl.Datetime("us", "UTC"),
    "channel": pl.String(),
    "bought": pl.Boolean(),
}


def history(*rows: tuple[str, float, str | None, bool | None]) -> pl.DataFrame:
    """Events: whose, seconds after the start, channel, bought or not; numbered in this order."""
    events = [(person, START + timedelta(seconds=at), *rest) for person, at, *rest in rows]
    numbered = pl.DataFrame(events, schema=SCHEMA, orient="row").with_row_index()
    return numbered.select(
        pl.format("e{}", pl.col("index").cast(pl.String).str.zfill(3)).alias("event_id"), *SCHEMA
    )


histories = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        # Few moments, so that some are equal and some gaps are exactly the timeout.
        st.sampled_from([0, 0.25, 1, 59, 60, 61.5, 120, 3600, 3660, 90_000, 90_060]),
        st.sampled_from(["mail", "search", "shop"]) | st.none(),
        st.booleans() | st.none(),
    ),
    min_size=1,
    max_size=30,
).flatmap(lambda rows: st.permutations(range(len(rows))).map(lambda order: history(*rows)[list(order)]))


def by_sql(events: pl.DataFrame, query: str) -> list[tuple]:
    """What DuckDB answers, by event_id; the query sees `events`, and the window `w` is a history so far."""
    window = "w AS (PARTITION BY person_id ORDER BY event_time, event_id)"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("events", events.to_arrow())
        return connection.sql(query.replace("WINDOW", f"WINDOW {window}") + " ORDER BY event_id").fetchall()
