"""What files tell, day after day."""

import json
from collections.abc import Sequence

import polars as pl
import psycopg
import pytest

from perennial.errors import TerminalError

from .conftest import Exports, People, born, day

PEOPLE: People = {
    "bob": {"in": ["best", "lapsing"], "decile": 2, "spend": "12.30", "born": born(1990), "deli": 3},
    "ann": {"in": ["best"], "decile": 1, "email": " Ann@Example.com "},
    "eve": {"in": ["best"], "email": None},
}
STATUS = {"spend_decile": "spend_decile", "status": "audience.status"}


def test_a_full_file_holds_everybody_who_has_the_key_in_its_order(exports: Exports) -> None:
    report = exports.write(PEOPLE, document=exports.document(mode="full", audiences=["best", "lapsing"]))
    assert exports.read() == ["email,spend_decile", "ann@example.com,1", "bob@example.com,2"]
    assert exports.read(audience="lapsing") == ["email,spend_decile", "bob@example.com,2"]
    assert (report.upserted, report.removed, report.unchanged) == (3, 0, 0)
    assert report.without_key == {"best": 1, "lapsing": 0}
    assert report.files == {"mail_best_20171220.csv": 2, "mail_lapsing_20171220.csv": 1}


def test_columns_stand_in_the_mappings_order_with_underscores_for_dots(exports: Exports) -> None:
    mapping = [{"attribute": "department.decile", "key": "DELI"}, "spend", "email", "born"]
    exports.write(PEOPLE, document=exports.document(mode="full", mapping=mapping))
    assert exports.read() == [
        "department_decile_DELI,spend,email,born",
        ",,ann@example.com,",
        "3,12.30,bob@example.com,1990-01-01",
    ]


def test_a_default_stands_where_there_is_no_value(exports: Exports) -> None:
    mapping = {
        "spend": {"attribute": "spend", "default": 0},
        "born": {"attribute": "born", "default": "unknown"},
    }
    exports.write(PEOPLE, document=exports.document(mode="full", mapping=mapping))
    assert exports.read()[1] == "ann@example.com,0.00,unknown"


def test_the_first_incremental_file_is_a_backfill_and_later_ones_tell_who_came_and_left(
    exports: Exports,
) -> None:
    first = exports.write(PEOPLE)
    assert exports.read() == [
        "email,spend_decile,status",
        "ann@example.com,1,active",
        "bob@example.com,2,active",
    ]
    second = exports.write({**PEOPLE, "ann": {"in": [], "decile": 5}, "zoe": {"in": ["best"]}}, 21)
    assert exports.read(21)[1:] == ["zoe@example.com,,active", "ann@example.com,5,exited"]
    assert [(each.upserted, each.removed, each.unchanged) for each in (first, second)] == [
        (2, 0, 0),
        (1, 1, 1),
    ]
    exports.write({**PEOPLE, "zoe": {"in": ["best"]}}, 22)
    assert exports.read(22)[1:] == ["ann@example.com,1,active"], "who comes back is told again"
    exports.write({**PEOPLE, "zoe": {"in": ["best"]}}, 23)
    assert exports.read(23) == ["email,spend_decile,status"], "where nothing has changed, the file says so"


def test_who_is_gone_altogether_leaves_with_the_key_alone(exports: Exports) -> None:
    exports.write(PEOPLE)
    exports.write({"bob": PEOPLE["bob"]}, 21)
    assert exports.read(21)[1:] == ["ann@example.com,,exited"]


def test_a_new_address_is_another_row(exports: Exports) -> None:
    exports.write(PEOPLE)
    exports.write({**PEOPLE, "bob": {"in": ["best"], "decile": 2, "email": "new@example.com"}}, 21)
    assert exports.read(21)[1:] == ["new@example.com,2,active", "bob@example.com,2,exited"]


@pytest.mark.parametrize("changes", [False, True])
def test_changes_are_told_where_that_is_wanted(exports: Exports, changes: bool) -> None:
    document = exports.document(files={"changes": changes})
    exports.write(PEOPLE, document=document)
    changed = {**PEOPLE, "bob": {"in": ["best"], "decile": 9}}
    report = exports.write(changed, 21, document)
    assert exports.read(21)[1:] == (["bob@example.com,9,active"] if changes else [])
    assert report.unchanged == (1 if changes else 2)
    exports.write(changed, 22, document)
    assert exports.read(22)[1:] == []


def test_a_full_file_with_a_status_tells_once_who_left_after_who_is_there(exports: Exports) -> None:
    document = exports.document(mode="full", mapping=STATUS)
    exports.write(PEOPLE, document=document)
    for number in (21, 22):
        exports.write({"bob": PEOPLE["bob"], "ann": {"in": []}}, number, document)
    assert exports.read(21)[1:] == ["bob@example.com,2,active", "ann@example.com,,exited"]
    assert exports.read(22)[1:] == ["bob@example.com,2,active"]


def test_an_audience_that_is_taken_off_has_a_last_file(exports: Exports) -> None:
    both = exports.document(audiences=["best", "lapsing"])
    exports.write(PEOPLE, document=both)
    for number in (21, 22):
        exports.write(PEOPLE, number)
    assert exports.read(21, "lapsing")[1:] == ["bob@example.com,2,exited"]
    assert "mail_lapsing_20171222.csv" not in exports.names


def test_after_full_files_an_incremental_one_is_a_backfill(exports: Exports) -> None:
    exports.write(PEOPLE)
    exports.write(PEOPLE, 21, exports.document(mode="full"))
    exports.write(PEOPLE, 22)
    assert len(exports.read(22)) == 3


def test_a_day_is_written_again_the_same_and_as_it_is_now(exports: Exports) -> None:
    exports.write(PEOPLE)
    after: People = {"bob": PEOPLE["bob"], "zoe": {"in": ["best"]}}
    exports.write(after, 21)
    told = exports.read(21)
    exports.write(after, 21)
    assert exports.read(21) == told
    exports.write({**after, "yan": {"in": ["best"]}, "zoe": {"in": []}}, 21)
    assert exports.read(21)[1:] == ["yan@example.com,,active", "ann@example.com,,exited"]
    exports.write({**after, "yan": {"in": ["best"]}, "zoe": {"in": []}}, 22)
    assert exports.read(22)[1:] == [], "what was told of the day at first is forgotten"


def test_an_older_day_writes_nothing(exports: Exports) -> None:
    exports.write(PEOPLE, 21)
    report = exports.write(PEOPLE, 20)
    assert "2017-12-21" in report.skipped
    assert exports.names == ["mail_best_20171221.csv"]


def test_a_dry_run_counts_and_writes_nothing(exports: Exports) -> None:
    report = exports.write(PEOPLE, dry_run=True)
    assert report.upserted == 2
    assert not exports.folder.exists()
    with psycopg.connect(exports.url) as connection:
        assert connection.execute("SELECT count(*) FROM activation.run").fetchone() == (0,)


def test_large_audiences_are_split_and_parts_that_are_no_more_go(exports: Exports) -> None:
    many = {f"p{number}": {"in": ["best"]} for number in range(5)}
    document = exports.document(mode="full", files={"rows": 2, "name": "mail_{audience}"})
    exports.write(many, document=document)
    assert exports.names == ["mail_best.csv", "mail_best_2.csv", "mail_best_3.csv"]
    lines = [(exports.folder / name).read_text().splitlines() for name in exports.names]
    assert [len(each) for each in lines] == [3, 3, 2]
    assert [each[1].partition("@")[0] for each in lines] == ["p0", "p2", "p4"]
    exports.write({"p0": many["p0"]}, 21, document)
    assert exports.names == ["mail_best.csv"]
    with psycopg.connect(exports.url) as connection:
        files = connection.execute("SELECT name, part, rows FROM activation.file").fetchall()
    assert files == [("mail_best.csv", 1, 1)]


def test_of_people_who_share_a_key_the_last_to_qualify_stands_then_the_first_by_columns(
    exports: Exports,
) -> None:
    shared = {"email": "s@example.com", "in": ["best"]}
    people: People = {
        "a": {**shared, "decile": 3},
        "b": {**shared, "decile": 2},
        "c": {**shared, "decile": 1},
        "d": {"in": ["best"]},
    }
    since = pl.DataFrame(
        {
            "audience": ["best"] * 3,
            "person_id": ["a", "b", "c"],
            "last_qualified": [day(3).date(), day(3).date(), day(1).date()],
        }
    )
    asked: list[list[str]] = []

    def qualified(people: Sequence[str]) -> pl.DataFrame:
        asked.append(sorted(people))
        return since

    report = exports.write(people, document=exports.document(mode="full"), qualified=qualified)
    assert exports.read()[1:] == ["d@example.com,", "s@example.com,2"]
    assert asked == [["a", "b", "c"]], "nobody else's past is read"
    assert report.shared_key == 2


def test_json_and_parquet_keep_what_is_a_number(exports: Exports) -> None:
    mapping = {"spend": "spend", "born": "born", "decile": "spend_decile"}
    exports.write(PEOPLE, document=exports.document(mode="full", mapping=mapping, files={"format": "json"}))
    lines = (exports.folder / "mail_best_20171220.jsonl").read_text().splitlines()
    assert json.loads(lines[1]) == {
        "email": "bob@example.com", "spend": 12.3, "born": "1990-01-01", "decile": 2,
    }  # fmt: skip
    assert '"spend":12.30' in lines[1], "money is exact"
    exports.write(
        PEOPLE, document=exports.document(mode="full", mapping=mapping, files={"format": "parquet"})
    )
    found = pl.read_parquet(exports.folder / "mail_best_20171220.parquet")
    assert found.schema == {
        "email": pl.String, "spend": pl.Decimal(18, 2), "born": pl.Date, "decile": pl.Int8,
    }  # fmt: skip
    assert found["decile"].to_list() == [1, 2]


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_an_audience_without_anybody_has_a_file_without_rows(exports: Exports, kind: str) -> None:
    exports.write({}, document=exports.document(mode="full", files={"format": kind}))
    (name,) = exports.names
    if kind == "csv":
        assert exports.read() == ["email,spend_decile"]
    elif kind == "parquet":
        assert pl.read_parquet(exports.folder / name).columns == ["email", "spend_decile"]
    else:
        assert (exports.folder / name).read_text() == ""


def test_values_stay_as_they_are_whatever_a_spreadsheet_would_make_of_them(exports: Exports) -> None:
    people = {"=1+1": {"in": ["best"], "email": '=1+1,"x"'}, "plus": {"in": ["best"], "email": "+49170"}}
    exports.write(people, document=exports.document(mode="full", files={"delimiter": ";"}))
    assert exports.read()[1:] == ["+49170;", '"=1+1,""x""";'], "only what has to be is quoted"


def test_a_column_that_is_there_already_and_one_that_the_profile_lacks_are_named(exports: Exports) -> None:
    taken = exports.document(mode="full", mapping={"email": "spend_decile"})
    with pytest.raises(TerminalError, match="mapping: email is a column that is there anyway"):
        exports.write(PEOPLE, document=taken)
    with pytest.raises(TerminalError, match="mapping: shoe_size: the profile has no such column"):
        exports.write(PEOPLE, document=exports.document(mapping=["shoe_size"]))
    with pytest.raises(TerminalError, match="key: the profile has no column phone; it has born"):
        exports.write(PEOPLE, document=exports.document(key="phone"))
    with pytest.raises(TerminalError, match="mapping: BORN, born differ by capital letters alone"):
        exports.write(PEOPLE, document=exports.document(mapping={"born": "born", "BORN": "spend"}))


def test_a_key_that_is_no_address_keeps_its_letters(exports: Exports) -> None:
    exports.write(PEOPLE, document=exports.document(mode="full", key="person_id", mapping=[]))
    assert exports.read() == ["person_id", "ann", "bob", "eve"]
