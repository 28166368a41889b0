"""Guided questions: each clause against PostgreSQL over rows that can be added up by hand."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from perennial.insights.catalogue import Catalogue, Column, Table
from perennial.insights.guided import GuideError, Query
from perennial.insights.guided_sql import compile_query
from perennial.insights.model import Kind
from perennial.insights.references import ForeignKey
from perennial.web.parameters import parameters_of, to_placeholders

HOSTILE = """x'); DROP TABLE sale; -- "\\' $day %s %(day)s"""


def _table(name: str, columns: dict[str, str], key: tuple[str, ...], *keys: ForeignKey) -> Table:
    kind: Kind = "fact" if name == "sale" else "dimension"
    described = tuple(Column(column, type_) for column, type_ in columns.items())
    return Table(name, name, kind, "", described, key, keys)


SALE = {"day": "date", "shop_id": "integer", "kind": "text", "amount": "numeric(9,2)", "paid": "boolean"}
STAR = Catalogue(
    {
        "sale": _table(
            "sale",
            SALE,
            ("day",),
            ForeignKey(("shop_id",), "shop", ("shop_id",)),
            ForeignKey(("shop_id",), "label", ("shop_id",)),
        ),
        "shop": _table("shop", {"shop_id": "integer", "town": "text"}, ("shop_id",)),
        "label": _table("label", {"shop_id": "integer", "label": "text"}, ("shop_id", "label")),
    }
)
ROWS = """
CREATE TABLE sale (day date, shop_id integer, kind text, amount numeric(9,2), paid boolean);
CREATE TABLE shop (shop_id integer, town text);
CREATE TABLE label (shop_id integer, label text);
INSERT INTO shop VALUES (1, 'Bonn'), (2, 'Kiel'), (3, 'Ulm');
INSERT INTO label VALUES (1, 'big'), (1, 'old'), (2, 'old');
INSERT INTO sale VALUES
    ('2017-01-30', 1, 'tea', 4, true), ('2017-01-31', 1, 'tea', 6, true),
    ('2017-02-01', 1, 'mug', 5, false), ('2017-02-01', 2, 'tea', 9, true),
    ('2017-02-02', 2, NULL, 1, true), ('2017-02-02', 9, 'mug', 2, false);
"""


@pytest.fixture(scope="module")
def star(postgres_server: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_server.conninfo()) as connection:
        connection.execute("CREATE SCHEMA guided")
        connection.execute("SET search_path TO guided")
        connection.execute(ROWS)
        yield connection
        connection.rollback()


def _sql(**said: Any) -> str:
    return compile_query(Query.model_validate({"table": "sale", **said}), STAR)


def _answer(star: psycopg.Connection, values: dict[str, Any] | None = None, **said: Any) -> list[Any]:
    sql = _sql(**said)
    bound = {name: (values or {})[name] for name in parameters_of(sql)}
    return star.execute(to_placeholders(sql).encode(), bound).fetchall()


AMOUNT = {"column": "sale.amount", "aggregate": "sum"}


@pytest.mark.store
@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ({"x": "shop.town", "y": AMOUNT}, [("Bonn", 15), ("Kiel", 10), (None, 2)]),
        ({"x": "shop.town", "y": AMOUNT, "sort": "y"}, [(None, 2), ("Kiel", 10), ("Bonn", 15)]),
        ({"x": "shop.town", "y": AMOUNT, "top": 1}, [("Bonn", 15)]),
        ({"x": "shop.town", "y": AMOUNT, "top": 2, "sort": "y"}, [(None, 2), ("Kiel", 10)]),
        ({"x": AMOUNT, "y": "shop.town", "top": 2, "sort": "-y"}, [(10, "Kiel"), (15, "Bonn")]),
        ({"x": {"column": "sale.day", "bin": "month"}, "y": {"aggregate": "count"}},
         [(date(2017, 1, 1), 2), (date(2017, 2, 1), 4)]),
        ({"x": {"column": "sale.amount", "bin": 5}, "y": {"aggregate": "count"}}, [(0, 3), (5, 3)]),
        ({"y": {"column": "sale.kind", "aggregate": "count_distinct"}}, [(2,)]),
        ({"y": {"column": "sale.kind", "aggregate": "count"}}, [(5,)]),
        ({"y": {"column": "sale.amount", "aggregate": "average"}}, [(Decimal("4.5"),)]),
        ({"x": {"column": "sale.amount", "aggregate": "min"},
          "y": {"column": "sale.amount", "aggregate": "max"}}, [(1, 9)]),
        ({"columns": ["sale.day", "shop.town"], "sort": "-day", "top": 2},
         [(date(2017, 2, 2), "Kiel"), (date(2017, 2, 2), None)]),
        ({"columns": ['sale.amount'], "filters": [{"column": "sale.kind", "include": ["mug", None]}]},
         [(1,), (2,), (5,)]),
    ],
)  # fmt: skip
def test_a_question_is_answered(star: psycopg.Connection, said: dict[str, Any], rows: list[Any]) -> None:
    assert _answer(star, **said) == rows


@pytest.mark.store
def test_groups_that_colours_split_are_ranked_by_what_they_come_to_together(
    star: psycopg.Connection,
) -> None:
    split: dict[str, Any] = {"x": "sale.kind", "y": AMOUNT, "color": "shop.town"}
    assert _answer(star, **split) == [
        ("tea", "Bonn", 10), ("tea", "Kiel", 9), ("mug", "Bonn", 5), ("mug", None, 2), (None, "Kiel", 1)
    ]  # fmt: skip
    assert [row[0] for row in _answer(star, **split, top=1)] == ["tea", "tea"]
    lowest = _answer(star, **split, top=2, sort="y")
    assert [row[0] for row in lowest] == [None, "mug", "mug"]


@pytest.mark.store
def test_along_days_the_greatest_series_come_first_and_are_kept_whole(star: psycopg.Connection) -> None:
    series: dict[str, Any] = {"x": {"column": "sale.day", "bin": "month"}, "y": AMOUNT, "color": "sale.kind"}
    january, february = date(2017, 1, 1), date(2017, 2, 1)
    rows = [(january, "tea", 10), (february, "tea", 9), (february, "mug", 7), (february, None, 1)]
    assert _answer(star, **series) == rows
    assert _answer(star, **series, top=1) == rows[:2]


@pytest.mark.store
@pytest.mark.parametrize(
    ("condition", "amounts"),
    [
        ({"column": "sale.kind", "exclude": ["tea"]}, [1, 2, 5]),
        ({"column": "sale.kind", "exclude": ["tea", None]}, [2, 5]),
        ({"column": "sale.kind", "exclude": []}, [1, 2, 4, 5, 6, 9]),
        ({"column": "sale.kind", "include": []}, []),
        ({"column": "sale.paid", "include": [False]}, [2, 5]),
        ({"column": "sale.amount", "between": [5, None]}, [5, 6, 9]),
        ({"column": "sale.day", "between": ["2017-01-31", "2017-02-01"]}, [5, 6, 9]),
        ({"column": "sale.day", "date": "recent"}, [5, 9]),
        ({"column": "sale.day", "date": "period"}, [5, 6, 9]),
        ({"column": "shop.town", "filter": "town"}, [1, 9]),
        ({"column": "sale.kind", "filter": "nothing"}, [1, 2, 4, 5, 6, 9]),
        ({"column": "sale.kind", "include": [HOSTILE]}, []),
    ],
)
def test_filters(star: psycopg.Connection, condition: dict[str, Any], amounts: list[int]) -> None:
    values = {"day": date(2017, 2, 1), "from_day": date(2017, 1, 31), "town": "Kiel", "nothing": ""}
    asked = {"columns": ["sale.amount"], "filters": [condition]}
    assert [int(row[0]) for row in _answer(star, values, **asked)] == amounts


@pytest.mark.store
def test_hostile_values_and_names_are_text(star: psycopg.Connection) -> None:
    star.execute("SAVEPOINT before")
    star.execute("INSERT INTO sale (kind, amount) VALUES (%s, 77)", (HOSTILE,))
    condition = {"column": "sale.kind", "include": [HOSTILE]}
    assert _answer(star, columns=["sale.amount"], filters=[condition]) == [(77,)]
    star.execute("ROLLBACK TO before")
    assert parameters_of(_sql(columns=["sale.amount"], filters=[condition])) == set()
    with pytest.raises(ValidationError, match="String should match pattern"):
        _sql(columns=['sale.amount" FROM sale; --'])


@pytest.mark.store
def test_a_row_that_meets_several_counts_once_in_each_group(star: psycopg.Connection) -> None:
    by_label: dict[str, Any] = {"x": "label.label", "y": AMOUNT}
    assert _answer(star, **by_label) == [("old", 25), ("big", 15), (None, 2)]
    labelled = [{"column": "label.label", "include": ["old", "big"]}]
    assert _answer(star, y=AMOUNT, filters=labelled) == [(25,)]
    assert _answer(star, y={"aggregate": "count"}, filters=labelled) == [(5,)]
    assert _answer(star, **by_label, filters=[*labelled, {"column": "shop.town", "include": ["Bonn"]}]) == [
        ("big", 15), ("old", 15)
    ]  # fmt: skip


def test_what_has_several_is_not_added_up_beside_what_meets_them() -> None:
    with pytest.raises(GuideError, match="one row of sale meets several of label") as found:
        _sql(x="shop.town", y={"column": "label.shop_id", "aggregate": "sum"})
    assert found.value.path == "y.aggregate"


@pytest.mark.store
def test_what_does_not_change_when_rows_are_seen_twice_is_answered(star: psycopg.Connection) -> None:
    shops = {"column": "sale.shop_id", "aggregate": "count_distinct"}
    assert _answer(star, x="label.label", y=shops, sort="x") == [("big", 1), ("old", 2), (None, 1)]


@pytest.mark.parametrize(
    ("said", "path", "message"),
    [
        ({"table": "nope", "x": "sale.day"}, "table", "no table nope; there are sale, shop, label"),
        ({"x": "sale.nope"}, "x.column", "sale has no column nope; it has day"),
        ({"x": "town.town"}, "x.column", "town cannot be joined to sale; there are sale, shop, label"),
        ({"y": {"column": "sale.kind", "aggregate": "sum"}}, "y.aggregate", "kind is a text"),
        ({"x": {"column": "sale.kind", "bin": "month"}}, "x.bin", "kind is a text, not a date"),
        ({"x": {"column": "sale.kind", "bin": 5}}, "x.bin", "kind is a text, not a number"),
        ({"x": "sale.kind", "sort": "-z"}, "sort", "nothing in the result is called z; there are x, kind"),
        ({"x": "sale.kind", "filters": [{"column": "sale.amount", "include": [1, "one"]}]},
         "filters.0.include.1", "amount is a numeric"),
        ({"x": "sale.kind", "filters": [{"column": "sale.day", "between": ["2017-02-30", None]}]},
         "filters.0.between.0", "day is a date; found '2017-02-30'"),
        ({"x": "sale.kind", "filters": [{"column": "sale.kind", "date": "recent"}]},
         "filters.0.date", "kind is a text, not a date"),
        ({"x": "sale.kind", "filters": [{"column": "sale.kind", "include": ["\0"]}]},
         "filters.0.include.0", "cannot hold"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_at_its_place(said: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(GuideError, match=message) as found:
        _sql(**said)
    assert found.value.path == path


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "nothing is asked for"),
        ({"y": {"aggregate": "sum"}}, "a column is missing"),
        ({"x": {"column": "sale.day", "bin": "month", "aggregate": "min"}}, "not both"),
        ({"x": "sale.day", "filters": [{"column": "sale.day"}]}, "give one of include, .*; found none"),
        ({"x": "sale.day", "top": 0}, "greater than or equal to 1"),
    ],
)
def test_a_question_that_makes_no_sense(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _sql(**said)


def test_columns_of_a_result_have_names_of_their_own() -> None:
    query = Query.model_validate(
        {"table": "sale", "x": "sale.shop_id", "y": {"aggregate": "count"}, "label": {"aggregate": "count"},
         "color": "shop.shop_id", "columns": [{"column": "sale.day", "bin": "week"}, AMOUNT]}
    )  # fmt: skip
    assert query.names == {
        "x": "shop_id", "color": "shop_shop_id", "y": "count", "label": "count",
        "columns.0": "week_of_day", "columns.1": "sum_of_amount",
    }  # fmt: skip
