"""Which days would come out otherwise: those that events came for, or went from, after they were done."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from perennial.lake.maintenance import Policy, maintain
from perennial.stages.lateness import DAILY, begin, complete, late, note_arrivals
from perennial.stages.workspace import Workspace

from .club import BUYERS, bought, workspace

NOW = datetime(2024, 4, 1, tzinfo=UTC)
FIRST, SECOND, THIRD = (date(2024, 3, day) for day in (2, 3, 4))


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    return workspace(tmp_path, {"buyers": BUYERS})


def bought_on(made: Workspace, day: date, *people: str) -> None:
    bought(made, [(person, datetime(day.year, day.month, day.day, 9, tzinfo=UTC)) for person in people])


def compute(made: Workspace, *days: date, run: str = DAILY, at: datetime = NOW) -> None:
    begin(made, run, days, note_arrivals(made), at)
    complete(made, run, days, at)


def days(made: Workspace) -> dict[date, int]:
    return dict(late(made).days.select("as_of", "rows").iter_rows())


def test_an_event_is_late_for_the_days_after_its_own_that_were_computed_without_it(made):
    bought_on(made, FIRST, "ann")
    compute(made, FIRST, SECOND)
    assert days(made) == {}
    bought_on(made, FIRST, "bob", "cid")
    bought_on(made, SECOND, "ann")
    assert days(made) == {SECOND: 2}, "a day does not see itself"
    compute(made, THIRD)
    assert days(made) == {SECOND: 2}, "who saw it is not behind"
    bought_on(made, SECOND, "dan")
    assert (days(made), late(made).rows) == ({SECOND: 2, THIRD: 1}, 3)
    compute(made, SECOND, at=NOW + timedelta(hours=1))
    assert (days(made), late(made).rows) == ({THIRD: 1}, 1)


def test_a_day_is_behind_until_it_was_done_again_by_the_run_that_began_it(made):
    bought_on(made, FIRST, "ann")
    compute(made, SECOND)
    bought_on(made, FIRST, "bob")
    begin(made, "repair", [SECOND], note_arrivals(made), NOW)
    bought_on(made, FIRST, "cid")
    assert days(made) == {SECOND: 2}
    complete(made, "another", [SECOND], NOW + timedelta(hours=1))
    assert days(made) == {SECOND: 2}
    complete(made, "repair", [SECOND], NOW + timedelta(hours=2))
    assert days(made) == {SECOND: 1}, "what came meanwhile may not have been seen"


def test_events_that_went_count_too(made):
    bought_on(made, FIRST, "ann", "bob")
    compute(made, SECOND)
    table = made.lake.events("shop")
    table.open().delete("member = 'bob'")
    assert days(made) == {SECOND: 1}


def test_compaction_and_events_that_no_document_uses_make_nothing_late(made):
    for person in "abcd":
        bought_on(made, FIRST, person)
    compute(made, SECOND)
    maintain(made.lake.events("shop"), Policy(many=2))
    assert days(made) == {}
    document = made.settings.include / "datasets/clicks.yaml"
    document.write_text((made.settings.include / "datasets/shop.yaml").read_text())
    other = Workspace(made.settings)
    other.lake.events("clicks").append(other.lake.events("shop").scan().collect())
    assert days(other) == {}


def test_where_the_log_no_longer_tells_the_counts_do(made):
    bought_on(made, FIRST, "ann")
    bought_on(made, SECOND, "ann")
    compute(made, THIRD)
    bought_on(made, FIRST, "bob", "cid")
    table = made.lake.events("shop")
    table.open().delete("event_date = '2024-03-03'")
    maintain(table, Policy(many=2, retention=timedelta(0), force=True))
    for entry in Path(table.uri, "_delta_log").glob("*[0-3].json"):
        entry.unlink()
    assert days(made) == {THIRD: 3}
