"""Random purchases, and definitions over them, that tests of value share."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

from perennial.value.definition import ValueDefinition

AS_OF = date(2018, 1, 1)
SCHEMA: dict[str, pl.DataType] = {
    "customer": pl.String(),
    "basket": pl.String(),
    "product": pl.String(),
    "amount": pl.Decimal(18, 2),
    "event_time": pl.Datetime("us", "UTC"),
}
PRODUCTS = pl.DataFrame({"product": ["p1", "p2", "p3"], "department": ["A", "B", None]})
DOCUMENT = {
    "name": "value",
    "title": "Value",
    "dataset": "sales",
    "identity": "customer",
    "metrics": {"spend": {"sum": "amount"}, "baskets": {"count_distinct": "basket"}},
    "dimensions": {"department": {"lookup": "products", "by": "product", "column": "department"}},
    "lookbacks": [1, 3, 12, "lifetime"],
    "buckets": 10,
}
EVERY_METRIC = {
    "spend": {"sum": "amount"},
    "doubled": {"sum": "2 * amount - 0.5"},
    "lines": {"count": "*"},
    "known": {"count": "product"},
    "baskets": {"count_distinct": "basket"},
    "mean": {"average": "amount"},
    "least": {"min": "amount"},
    "most": {"max": "amount", "where": "amount > 0"},
    "last": {"most_recent": "amount"},
    "article": {"most_recent": "product"},
    "refunds": {"sum": "-amount", "where": "amount < 0"},
    "returns": {"count_distinct": "basket", "where": "amount < 0"},
}


def definition(**changed: object) -> ValueDefinition:
    """The usual definition, with some keys of its own."""
    return ValueDefinition.model_validate({**DOCUMENT, **changed})


def events(*rows: tuple[str | None, str | None, str | None, str | None, datetime]) -> pl.DataFrame:
    """Purchases: customer, basket, product, amount, time."""
    amounts = [(c, b, p, None if a is None else Decimal(a), t) for c, b, p, a, t in rows]
    return pl.DataFrame(amounts, schema=SCHEMA, orient="row", strict=False)


def moment(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


purchases = st.lists(
    st.tuples(
        st.sampled_from([f"c{n}" for n in range(25)]),
        st.sampled_from([f"b{n}" for n in range(8)]) | st.none(),
        st.sampled_from(["p1", "p2", "p3", "p9"]) | st.none(),
        st.decimals(min_value=-50, max_value=500, places=2).map(str) | st.none(),
        st.datetimes(datetime(2017, 6, 1), datetime(2018, 2, 1)).map(lambda t: t.replace(tzinfo=UTC)),  # noqa: DTZ001
    ),
    min_size=1,
    max_size=120,
).map(lambda rows: events(*rows))
"""Random purchases of 25 customers, refunds and gaps among them."""
