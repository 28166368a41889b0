"""The shelf of dashboards in a real store: versions, locking, deletion, and who may see it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from perennial.queries.errors import QueryError
from perennial.queries.store_statement import read
from perennial.web.dashboards_kept import OvertakenError, Shelf
from perennial.web.store import StoreUnavailable

pytestmark = pytest.mark.store
DOCUMENT = {"title": "T", "widgets": []}


@pytest.fixture(scope="module")
def shelf(store_url: str) -> Iterator[Shelf]:
    shelf = Shelf(lambda: store_url)
    yield shelf
    shelf.close()


def test_every_version_is_kept_and_the_newest_counts(shelf: Shelf) -> None:
    for before, title in enumerate(["One", "Two", "Three"]):
        shelf.save("growing", {**DOCUMENT, "title": title}, before, f"user{before}")
    newest = shelf.newest("growing")
    assert newest is not None
    assert (newest.version, newest.saved_by, newest.document) == (3, "user2", {**DOCUMENT, "title": "Three"})
    assert [version.version for version in shelf.history("growing")] == [3, 2, 1]
    assert [one.version for one in shelf.listed() if one.name == "growing"] == [3]


def test_saving_over_somebody_elses_version_is_refused_and_says_whose(shelf: Shelf) -> None:
    shelf.save("contested", DOCUMENT, 0, "ann")
    shelf.save("contested", DOCUMENT, 1, "bob")
    for before in (0, 1, 3):
        with pytest.raises(OvertakenError, match=r"bob has saved this dashboard meanwhile \(version 2"):
            shelf.save("contested", DOCUMENT, before, "ann")
    assert len(shelf.history("contested")) == 2


def test_of_many_who_save_at_once_one_succeeds(shelf: Shelf) -> None:
    together = threading.Barrier(3)

    def save(by: str) -> bool:
        together.wait()
        try:
            shelf.save("raced", DOCUMENT, 0, by)
        except OvertakenError:
            return False
        return True

    with ThreadPoolExecutor() as pool:
        assert sum(pool.map(save, "abc")) == 1
    assert len(shelf.history("raced")) == 1


def test_a_deleted_dashboard_is_gone_and_its_history_is_not(shelf: Shelf) -> None:
    shelf.save("leaving", DOCUMENT, 0, "ann")
    shelf.save("leaving", None, 1, "ann")
    assert "leaving" not in [one.name for one in shelf.listed()]
    assert [version.document for version in shelf.history("leaving")] == [None, DOCUMENT]
    assert shelf.save("leaving", DOCUMENT, 2, "bob").version == 3
    assert "leaving" in [one.name for one in shelf.listed()]


def test_functions_that_act_are_refused(shelf: Shelf) -> None:
    shelf.refuse_acts(read("SELECT sum(1), lower('A')", {}).calls)
    with pytest.raises(QueryError, match="set_config is not allowed"):
        shelf.refuse_acts(read("SELECT set_config('statement_timeout', '0', false)", {}).calls)


def test_readers_of_the_store_do_not_see_them(shelf: Shelf, store_reader_url: str) -> None:
    shelf.save("private", DOCUMENT, 0, "ann")
    with psycopg.connect(store_reader_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM dashboards.versions")


def test_without_a_store_it_says_so() -> None:
    shelf = Shelf(lambda: "host=127.0.0.1 port=1 user=nobody connect_timeout=1")
    with pytest.raises(StoreUnavailable, match="dashboards are kept there"):
        shelf.listed()
