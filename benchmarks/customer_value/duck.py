"""The question in DuckDB: as one would write it, and as well as it can be asked."""

from pathlib import Path
from typing import Any

import duckdb

from .events import METRICS
from .question import ALL, AS_OF, BUCKETS, STARTS, columns, moment

COPY = "(FORMAT parquet, COMPRESSION lz4_raw)"
RECENT = [lookback for lookback in STARTS if lookback != "lifetime"]
LONGEST = RECENT[-1]


def natural(events: Path, out: Path) -> None:
    """Wide: conditional sums, and `ntile` over each of them."""
    with _connected(out) as connection:
        query = wide(f"read_parquet('{events}/*/*.parquet')")
        connection.execute(f"COPY ({query}) TO '{out}/wide.parquet' {COPY}")


def wide(source: str, moment_type: str = "TIMESTAMPTZ") -> str:
    """The query that one would write."""
    sums = ", ".join(
        f"CAST(sum({metric}){within} AS BIGINT) AS {metric}_{lookback}"
        for lookback, within in _filters(moment_type).items()
        for metric in METRICS
    )
    # Who has nothing in a window is ranked apart from the others, and that rank is not shown.
    ranks = ", ".join(
        f"CAST(CASE WHEN {name} IS NOT NULL THEN ntile({BUCKETS}) OVER ("
        f"PARTITION BY dimension, dimension_value, {name} IS NULL ORDER BY {name} DESC, customer"
        f") END AS SMALLINT) AS {name}_decile"
        for name in columns()
    )
    rows = f"FROM {source} WHERE event_time < {moment(AS_OF, moment_type)}"
    return f"""
        WITH totals AS (
            SELECT 'overall' AS dimension, '{ALL}' AS dimension_value, customer, {sums} {rows}
            GROUP BY customer
            UNION ALL
            SELECT 'tier' AS dimension, tier AS dimension_value, customer, {sums} {rows}
            GROUP BY customer, tier
        )
        SELECT *, {ranks} FROM totals
    """


def _filters(moment_type: str) -> dict[str, str]:
    recent = {
        lookback: f" FILTER (WHERE event_time >= {moment(STARTS[lookback], moment_type)})"
        for lookback in RECENT
    }
    return {**recent, "lifetime": ""}


def long(source: str, moment_type: str) -> str:
    """By rows instead of columns: one for each lookback, so that a metric's ranks take one window."""
    sums = ", ".join(
        f"CAST(sum(CASE WHEN event_time >= {moment(start, moment_type)} THEN {metric} END) AS BIGINT) "
        f"AS {metric}_{lookback}"
        if lookback in RECENT
        else f"CAST(sum({metric}) AS BIGINT) AS {metric}_{lookback}"
        for lookback, start in STARTS.items()
        for metric in METRICS
    )
    stacked = ", ".join(
        f"'{lookback}', {', '.join(f'{m}_{lookback}' for m in METRICS)}" for lookback in STARTS
    )
    ranks = ", ".join(
        f"CAST(ntile({BUCKETS}) OVER (PARTITION BY dimension, dimension_value, lookback "
        f"ORDER BY {metric} DESC, customer) AS SMALLINT) AS {metric}_decile"
        for metric in METRICS
    )
    rows = f"FROM {source} WHERE event_time < {moment(AS_OF, moment_type)}"
    return f"""
        WITH totals AS (
            SELECT 'overall' AS dimension, '{ALL}' AS dimension_value, customer, {sums} {rows}
            GROUP BY customer
            UNION ALL
            SELECT 'tier' AS dimension, tier AS dimension_value, customer, {sums} {rows}
            GROUP BY customer, tier
        ), stacked AS (
            SELECT dimension, dimension_value, customer,
                stack({len(STARTS)}, {stacked}) AS (lookback, {", ".join(METRICS)})
            FROM totals
        )
        SELECT *, {ranks} FROM stacked WHERE {METRICS[0]} IS NOT NULL
    """


def best(events: Path, out: Path, customers: int) -> None:
    """Sums bucket by bucket, old rows apart from recent ones; borders of ranks are selected, not sorted.

    Values have the customer packed below them, so that no two are equal.
    """
    with _connected(out) as connection:
        for bucket in range(len(list(next(events.iterdir()).iterdir()))):
            verb = "INSERT INTO totals" if bucket else "CREATE TABLE totals AS"
            rows = _totals(f"read_parquet('{events}/*/{bucket:03}.parquet')")
            connection.execute(f"{verb} {rows}")
        sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in columns())
        connection.execute(f"CREATE TABLE overall AS SELECT customer, {sums} FROM totals GROUP BY customer")
        packing = _Packing(connection, int(customers).bit_length())
        tiers = connection.execute("SELECT DISTINCT tier FROM totals ORDER BY tier").fetchall()
        for tier in [tier for (tier,) in tiers]:
            packing.write(f"totals WHERE tier = '{tier}'", "tier", tier, out)
        packing.write("overall", "overall", ALL, out)


def _totals(source: str) -> str:
    """Sums by customer and tier; metrics fit in 32 bits, and DuckDB adds those up faster."""
    cases = [
        f"sum(CASE WHEN event_time >= {moment(STARTS[lookback])} THEN {metric}::INT END)::BIGINT "
        f"AS {metric}_{lookback}"
        for lookback in RECENT[:-1]
        for metric in METRICS
    ]
    cases += [f"sum({metric}::INT)::BIGINT AS {metric}_{LONGEST}" for metric in METRICS]
    old = [f"sum({metric}::INT)::BIGINT AS {metric}_old" for metric in METRICS]
    border = moment(STARTS[LONGEST])
    lifetimes = [
        f"CASE WHEN {metric}_{LONGEST} IS NULL THEN {metric}_old "
        f"ELSE {metric}_{LONGEST} + coalesce({metric}_old, 0) END AS {metric}_lifetime"
        for metric in METRICS
    ]
    return f"""
        SELECT tier, customer, {", ".join([*columns(RECENT), *lifetimes])}
        FROM (
            SELECT tier, customer, {", ".join(cases)} FROM {source}
            WHERE event_time >= {border} AND event_time < {moment(AS_OF)} GROUP BY tier, customer
        )
        FULL JOIN (
            SELECT tier, customer, {", ".join(old)} FROM {source} WHERE event_time < {border}
            GROUP BY tier, customer
        ) USING (tier, customer)
    """


def _connected(out: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
    # What does not fit into memory, which is otherwise put where the script was called.
    connection.execute(f"SET temp_directory = '{out}/temporary'")
    connection.execute("SET enable_progress_bar = false")
    return connection


class _Packing:
    """Ranks by borders, among values that have the customer packed below them, backwards."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, bits: int) -> None:
        self.connection, self.bits = connection, bits

    def write(self, rows: str, dimension: str, value: str, out: Path) -> None:
        """Rank the rows of one group, and write them."""
        names = columns()
        counts = self._one(f"SELECT {', '.join(f'count({name})' for name in names)} FROM {rows}")
        selected = ", ".join(
            f"quantile_disc({self._packed(name)}, {_places(count)})"
            for name, count in zip(names, counts, strict=True)
        )
        borders = self._one(f"SELECT {selected} FROM {rows}")
        ranks = ", ".join(self._rank(name, least) for name, least in zip(names, borders, strict=True))
        self.connection.execute(
            f"COPY (SELECT '{dimension}' AS dimension, '{value}' AS dimension_value, customer, "
            f"{', '.join(names)}, {ranks} FROM {rows}) TO '{out}/{value}.parquet' {COPY}"
        )

    def _packed(self, name: str) -> str:
        return f"({name} * {1 << self.bits} + ({(1 << self.bits) - 1} - customer))"

    def _rank(self, name: str, least: list[int]) -> str:
        packed = self._packed(name)
        whens = " ".join(f"WHEN {packed} >= {border} THEN {n + 1}" for n, border in enumerate(least))
        ranked = f"CASE {whens} ELSE {len(least) + 1} END"
        return f"CASE WHEN {name} IS NOT NULL THEN {ranked} END::SMALLINT AS {name}_decile"

    def _one(self, query: str) -> tuple[Any, ...]:
        (row,) = self.connection.execute(query).fetchall()
        return row


def _places(count: int) -> list[float]:
    """Where, among `count` ascending values, the last of each bucket but the last one is, as fractions."""
    small, surplus = divmod(count, BUCKETS)
    ends, end = [], 0
    for rank in range(BUCKETS - 1):
        end += small + (rank < surplus)
        ends.append(end)
    return [(count - end + 0.5) / count for end in ends if end]
