"""Tables commit all or nothing, keep their snapshots, and know which partitions changed."""

from datetime import date

import polars as pl
import pytest
from s3_server import EVERYWHERE

from perennial.lake.catalog import Lake
from perennial.lake.tables import Table, TableMissing

MONDAY, TUESDAY = date(2017, 12, 25), date(2017, 12, 26)

pytestmark = EVERYWHERE


def rows(day: date, *values: int) -> pl.DataFrame:
    return pl.DataFrame({"day": [day] * len(values), "v": values}, schema={"day": pl.Date, "v": pl.Int64})


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/name", partition="day")


def values(table: Table, version: int | None = None) -> list[int]:
    return sorted(table.scan(version).collect()["v"])


def test_a_table_that_was_never_written_says_so(table):
    assert not table.exists()
    assert table.version() == -1
    with pytest.raises(TableMissing, match="area/name is empty"):
        table.scan()


def test_a_declared_schema_reads_as_empty(root):
    assert Lake(root).email_events.scan().collect().is_empty()


def test_columns_that_were_declared_later_are_null_in_what_is_older(root):
    table = Table(root, "area/name", partition="day", evolves=True)
    table.append(rows(MONDAY, 1))
    declared = pl.Schema({"day": pl.Date(), "v": pl.Int64(), "why": pl.String()})
    later = Table(root, "area/name", partition="day", schema=declared, evolves=True)
    assert later.scan().collect().to_dicts() == [{"day": MONDAY, "v": 1, "why": None}]
    later.replace(rows(TUESDAY, 2).with_columns(why=pl.lit("so")), TUESDAY)
    assert later.scan().sort("day").collect()["why"].to_list() == [None, "so"]


def test_rows_are_counted_by_partition(table):
    assert table.counts() == {}
    table.append(pl.concat([rows(MONDAY, 1, 2), rows(TUESDAY, 3)]))
    table.append(rows(MONDAY, 4))
    assert table.counts() == {"2017-12-25": 3, "2017-12-26": 1}


def test_replace_touches_one_partition_alone(table):
    table.append(pl.concat([rows(MONDAY, 1, 2), rows(TUESDAY, 3)]))
    table.replace(rows(TUESDAY, 4, 5), TUESDAY)
    assert values(table) == [1, 2, 4, 5]


def test_replacing_with_nothing_empties_the_partition(table):
    table.append(pl.concat([rows(MONDAY, 1), rows(TUESDAY, 2)]))
    table.replace(rows(TUESDAY), TUESDAY)
    assert values(table) == [1]
    assert table.partitions() == ["2017-12-25"]


def test_earlier_snapshots_stay_readable(table):
    first = table.append(rows(MONDAY, 1))
    table.append(rows(MONDAY, 2))
    assert values(table, first) == [1]
    assert values(table) == [1, 2]


def test_a_transaction_number_is_committed_with_the_data(table):
    assert table.transaction("reader") == -1
    table.append(rows(MONDAY, 1), transactions=[("reader", 7)])
    assert table.transaction("reader") == 7
    assert table.transaction("another") == -1


def test_values_with_quotes_are_no_predicates(root):
    table = Table(root, "quoted")
    frame = pl.DataFrame({"batch": ["it's", "other"], "v": [1, 2]})
    table.append(frame)
    table.replace_where(frame.filter(batch="it's").with_columns(v=pl.lit(3, pl.Int64)), "batch", "it's")
    assert values(table) == [2, 3]
