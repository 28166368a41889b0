"""Which days a refresh takes in, and what readers see meanwhile: small tables over a lake of their own."""

import threading
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from perennial.insights import refresh as refreshing
from perennial.insights.engine import QueryError
from perennial.insights.model import load_models
from perennial.insights.refresh import RefreshReport, refresh
from perennial.insights.store import KeyRepeated
from perennial.lake.tables import Table

pytestmark = pytest.mark.store
DAY = date(2026, 3, 1)
FACT = """/*
title: Things per day
kind: fact
source: things/a
columns: {date_key: date, things: bigint}
primary_key: [date_key]
*/
SELECT as_of - 1 AS date_key, count(*) AS things
FROM things
WHERE as_of IN (FROM refreshed_as_of)
GROUP BY ALL
"""
TWIN = FACT.replace("Things", "The same things")
KINDS = """/*
title: Kinds of things
kind: dimension
source: things/a
update: keys
columns: {kind: text, last_seen: date}
primary_key: [kind]
*/
SELECT kind, max(as_of) - 1 AS last_seen FROM things WHERE as_of IN (FROM refreshed_as_of) GROUP BY ALL
"""
DONE = """/*
title: Days that are complete
kind: lookup
refreshed: SELECT date_key FROM completed
day: process_date
columns: {process_date: date}
primary_key: [process_date]
*/
SELECT date_key AS process_date FROM refreshed
"""
VIEW = """/*
title: Things, as a view
kind: fact
stored: view
columns: {date_key: date, things: bigint}
primary_key: [date_key]
*/
SELECT date_key, things FROM fact
"""
FILES = {"fact": FACT, "twin": TWIN, "kinds": KINDS, refreshing.PROCESSED: DONE, "view": VIEW}


class Place:
    """A lake with one table, a folder of SQL files, and a store."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.things = Table(str(folder / "lake"), "things/a", partition="as_of")
        self.write(FILES)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.sql").write_text(text)

    def put(self, day: int, *kinds: str) -> None:
        """What there is at the end of a day of March."""
        as_of = date(2026, 3, day) + timedelta(days=1)
        rows = pl.DataFrame(
            {"kind": kinds, "as_of": [as_of] * len(kinds)}, schema={"kind": pl.String, "as_of": pl.Date}
        )
        self.things.replace(rows, as_of)

    def refresh(self, day: int | None) -> RefreshReport:
        """As of the end of a day, or of whatever changed."""
        as_of = None if day is None else date(2026, 3, day) + timedelta(days=1)
        return refresh(
            self.url,
            load_models(self.folder),
            lambda _: [self.things],
            lambda: {"things": self.things.scan()},
            "daily",
            as_of,
        )

    def ask(self, sql: str) -> list[tuple]:
        with psycopg.connect(self.url, options="-c search_path=insights") as connection:
            return connection.execute(sql.encode()).fetchall()

    @property
    def days(self) -> dict[int, int]:
        """Things by the day of March, in the table, in its twin and in the view: the same in all."""
        found, twin, view = (dict(self.ask(f"SELECT * FROM {name}")) for name in ("fact", "twin", "view"))
        assert found == twin == view
        return {day.day: things for day, things in sorted(found.items())}


@pytest.fixture
def place(tmp_path: Path, store) -> Place:
    # The schema stays, with the reader's rights on all that comes into it; views go first.
    find = "SELECT relkind::text, relname FROM pg_class WHERE relnamespace = 'insights'::regnamespace"
    with psycopg.connect(store.url) as connection:
        for kind, name in connection.execute(
            f"{find} AND relkind IN ('r', 'v') ORDER BY relkind DESC".encode()
        ):
            connection.execute(f"DROP {'VIEW' if kind == 'v' else 'TABLE'} insights.{name}".encode())
    return Place(tmp_path, store.url)


def expire(table: Table, before: int) -> None:
    """Make snapshots before one unreadable: their log and the files that only they have are gone."""
    used = set(table.open().file_uris())
    for path in Path(table.uri).rglob("*.parquet"):
        if str(path) not in used and "_delta_log" not in path.parts:
            path.unlink()
    table.open().create_checkpoint()
    for number in range(before):
        (Path(table.uri) / "_delta_log" / f"{number:020d}.json").unlink()


def test_only_changed_days_are_given_and_those_after_the_run_wait(place: Place):
    for day, kinds in ((1, "ab"), (2, "abc")):
        place.put(day, *kinds)
    assert place.refresh(1).days == 1
    assert place.days == {1: 2}
    assert place.refresh(2).days == 1
    assert place.days == {1: 2, 2: 3}
    assert place.ask(f"SELECT * FROM {refreshing.PROCESSED}") == [(DAY,), (DAY + timedelta(days=1),)]


def test_a_complete_day_is_corrected_by_the_run_of_an_earlier_one(place: Place):
    for day in (1, 2, 3):
        place.put(day, "a")
    for day in (1, 2):
        place.refresh(day)
    place.put(1, "a", "b")
    place.put(2, "a", "b", "c")
    place.refresh(1)
    assert place.days == {1: 2, 2: 3}, "the third day was never complete, and waits for its own run"


def test_a_day_that_lost_all_rows_is_emptied(place: Place):
    for day in (1, 2):
        place.put(day, "a")
        place.refresh(day)
    place.put(1)
    place.refresh(2)
    assert place.days == {2: 1}


@pytest.mark.parametrize("run", [2, None])
def test_it_is_emptied_too_where_the_last_snapshot_has_expired(place: Place, run):
    for day in (1, 2):
        place.put(day, "a")
        place.refresh(day)
    place.put(1)
    place.put(2, "a", "b")
    expire(place.things, place.things.version())
    place.refresh(run)
    assert place.days == {2: 2}


def test_a_table_of_the_lake_that_was_made_anew_is_read_from_the_beginning(place: Place):
    for day in (1, 2):
        place.put(day, "a")
        place.refresh(day)
    place.things = Table(str(place.folder / "lake"), "things/b", partition="as_of")
    place.put(2, "a", "b")
    place.refresh(2)
    assert place.days[2] == 2


def test_keys_that_are_gone_stay_and_others_are_brought_up_to_date(place: Place):
    place.put(1, "a", "b")
    place.refresh(1)
    place.put(2, "b", "c")
    place.refresh(2)
    found = {kind: day.day for kind, day in place.ask("SELECT * FROM kinds")}
    assert found == {"a": 1, "b": 2, "c": 2}


def test_another_query_makes_all_days_anew_and_another_title_none(place: Place):
    for day in (1, 2):
        place.put(day, "a")
        place.refresh(day)
    place.write({"fact": FACT.replace("Things", "Objects")})
    assert place.refresh(2).days == 1
    doubled = FACT.replace("count(*)", "2 * count(*)")
    place.write({"fact": doubled, "twin": doubled})
    assert place.refresh(2).days == 2
    assert place.days == {1: 2, 2: 2}


def test_another_column_makes_the_table_anew_with_its_views_and_the_readers_rights(place: Place, store):
    for day in (1, 2):
        place.put(day, "a")
        place.refresh(day)
    wider = FACT.replace("things: bigint", "things: bigint, kinds: bigint")
    wider = wider.replace("count(*) AS things", "count(*) AS things, count(DISTINCT kind) AS kinds")
    place.write({"fact": wider})
    place.refresh(2)
    with psycopg.connect(store.reader_url) as connection:
        rows = connection.execute("SELECT * FROM fact ORDER BY 1").fetchall()
        assert rows == [(DAY, 1, 1), (DAY + timedelta(days=1), 1, 1)]
        assert connection.execute("SELECT count(*) FROM view").fetchall() == [(2,)]


def test_days_are_computed_in_portions_where_they_are_many(place: Place, monkeypatch):
    monkeypatch.setattr(refreshing, "AT_ONCE", 4)
    for day in range(1, 8):
        place.put(day, *"ab"[: 1 + day % 2])
    place.refresh(7)
    assert place.days == {day: 1 + day % 2 for day in range(1, 8)}


def test_two_rows_with_one_key_are_explained_and_nothing_is_kept(place: Place):
    place.put(1, "a", "b")
    place.refresh(1)
    place.put(1, "a", "b", "c")
    place.write({"twin": FACT.replace("GROUP BY ALL", "GROUP BY as_of, kind")})
    with pytest.raises(KeyRepeated, match=r"twin.sql gives two rows .*\(date_key\).*2026-03-01"):
        place.refresh(1)
    assert place.ask("TABLE fact") == [(DAY, 2)]


def test_two_names_with_the_same_id_are_explained(place: Place):
    header = "title: N\nkind: dimension\ncolumns: {id: integer}\nprimary_key: [id]"
    names = "(VALUES ('audience_44779'), ('audience_92355')) AS names (name)"
    named = f"/*\n{header}\n*/\nSELECT surrogate(name) AS id FROM {names}"
    place.put(1, "a")
    place.write({"named": named})
    # The MD5 of both begins with 77b0ce93.
    with pytest.raises(KeyRepeated, match=r"\(id\)=\(-139407725\).*give one of them another name"):
        place.refresh(1)


def test_a_query_that_does_not_run_is_named(place: Place):
    place.put(1, "a")
    place.write({"twin": FACT.replace("FROM things", "FROM nothing")})
    with pytest.raises(QueryError, match=r"twin\.sql"):
        place.refresh(1)


def test_a_reader_never_waits_and_never_sees_half_of_a_refresh(place: Place, store):
    place.put(1, "a")
    place.refresh(1)
    seen: list[tuple[int, ...]] = []
    stop = threading.Event()

    def read() -> None:
        # A statement sees one state, and so do several in one transaction that asks for it.
        with psycopg.connect(store.reader_url, options="-c lock_timeout=50ms") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not stop.is_set():
                both = "SELECT (SELECT sum(things) FROM fact), (SELECT sum(things) FROM twin)"
                answers = connection.execute(both).fetchall()
                for name in ("view", "twin"):
                    answers += connection.execute(f"SELECT sum(things) FROM {name}").fetchall()
                seen.append(tuple(int(sums) for row in answers for sums in row))
                connection.rollback()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(2, 7):
            place.put(1, *"abcdef"[:number])
            place.put(2, *"abcdef"[:number])
            place.refresh(2)
    finally:
        stop.set()
        reader.join()
    assert {len({*each}) for each in seen} == {1}, "all four answers are of the same state"
    assert {each[0] for each in seen} <= {1, 4, 6, 8, 10, 12}
    assert len({each[0] for each in seen}) > 1, "the reader saw the store change"
