"""Scheduled queries as documents: what a file may say, and what is wrong with others."""

from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.queries.scheduled import ScheduledQuery, find, load_scheduled
from perennial.settings import REPOSITORY

WHOLE = """
title: T
schedule: daily
"""


def written(folder: Path, header: str, sql: str = "SELECT 1 AS x", name: str = "mine") -> Path:
    """An include folder with one query."""
    queries = folder / "sql" / "queries"
    queries.mkdir(parents=True, exist_ok=True)
    (queries / f"{name}.sql").write_text(f"/*{WHOLE}{header}\n*/\n{sql}\n")
    return folder


def test_the_products_own_can_be_read():
    assert all(isinstance(each, ScheduledQuery) for each in load_scheduled(REPOSITORY / "include").values())


def test_what_is_not_said_is_usual(tmp_path: Path):
    query = find(written(tmp_path, ""), "mine")
    assert query.cron == "0 0 * * *"
    assert (query.table, query.dag, query.mode) == ("queries/mine", "query_mine", "create")
    assert (query.quarantine, query.delay_minutes, query.end) == (True, 150, None)


@pytest.mark.parametrize(
    ("header", "sql", "said"),
    [
        ("mode: replace", "SELECT 1", "mode"),
        ("mode: upsert", "SELECT 1", "upsert needs a key"),
        ("key: [x]", "SELECT 1", "only upsert has one"),
        ("delay_minutes: 1441", "SELECT 1", "delay_minutes"),
        ("audience: vips", "SELECT 1", "with mode append or overwrite"),
        ("audience: vips\nmode: append\noutput: x", "SELECT 1", "and no output"),
        ("start: 2018-01-02\nend: 2018-01-01", "SELECT 1", "is before the start"),
        ("output: ../x", "SELECT 1", "output"),
        ("", "SELECT $since", "need a source"),
        ("", "SELECT $x", "does not declare"),
        ("parameters: {x: {type: integer}}", "SELECT $x", "need a default: x"),
        ("parameters: {since: {default: 1}}", "SELECT $since", "is given by the run"),
        ("source: events/x", "SELECT 1", r"reads BETWEEN \$since AND \$until"),
        ("source: events/x\nmode: overwrite", "SELECT $since, $until", "that add to their output"),
        ("source: events/x\ndialect: store", "SELECT $since, $until", "queries of the lake"),
        ("alerts: {events: [success]}", "SELECT 1", "a webhook connection, or an e-mail address"),
        ("alerts: {events: [victory], email: [a@example.com]}", "SELECT 1", "alerts.events"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, header, sql, said):
    with pytest.raises(DocumentError, match=said):
        find(written(tmp_path, header, sql), "mine")


@pytest.mark.parametrize("schedule", ["every day", "* * * *", "0 0 * * * *", "@daily", "0 0 1 JAN *"])
def test_a_schedule_is_cron_or_a_word(tmp_path: Path, schedule):
    with pytest.raises(DocumentError, match="schedule: one of hourly"):
        find(written(tmp_path, "").joinpath() and _with_schedule(tmp_path, schedule), "mine")


def _with_schedule(folder: Path, schedule: str) -> Path:
    path = folder / "sql" / "queries" / "mine.sql"
    path.write_text(path.read_text().replace("schedule: daily", f"schedule: '{schedule}'"))
    return folder


def test_one_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path):
    written(tmp_path, "")
    written(tmp_path, "mode: never", name="wrong")
    found = load_scheduled(tmp_path)
    assert isinstance(found["mine"], ScheduledQuery)
    assert isinstance(found["wrong"], DocumentError)
