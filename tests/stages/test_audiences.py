"""Audiences of a day in the lake: one whose rule fits no more stops no other, and looks empty to nobody."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.audiences import EVALUATIONS
from perennial.stages.audiences import evaluate_audiences, failures
from perennial.stages.workspace import Workspace

from . import club
from .club import BUYERS, DAYS, RICH

TOWN = {"all": [RICH, {"attribute": "town", "operator": "known"}]}
AUDIENCES = {"rich": RICH, "buyers": BUYERS, "town": TOWN, "both": {"all": [{"audience": "town"}, BUYERS]}}
REASON = "town: all[1]: profiles have no town; they have person_id, rank, email, as_of"


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Three people, and a purchase of each of two of them on the day before the second day."""
    made = club.workspace(tmp_path, AUDIENCES)
    club.bought(made, [("ann", at(DAYS[0])), ("bob", at(DAYS[0]))])
    return made


def evaluated(
    made: Workspace, day: int, people: dict[str, int], towns: Sequence[str | None] | None = None
) -> None:
    more = {} if towns is None else {"town": towns}
    club.profiles(made, DAYS[day], people, **more)
    evaluate_audiences(made, DAYS[day])


def status(made: Workspace, day: int, audience: str) -> dict[str, str]:
    rows = made.lake.membership.scan().filter(as_of=DAYS[day], audience=audience).collect()
    return dict(rows.select("person_id", "status").iter_rows())


def recorded(made: Workspace, day: int) -> dict[str, dict]:
    rows = made.lake.evaluations.scan().filter(as_of=DAYS[day]).collect()
    return {row["audience"]: row for row in rows.to_dicts()}


def test_what_fits_no_more_stops_nothing_but_who_speaks_of_it(made):
    evaluated(made, 1, {"ann": 1, "bob": 1, "cid": 2}, ["Ulm", None, "Bonn"])
    assert failures(made, DAYS[1]) == {}
    evaluated(made, 2, {"ann": 1, "bob": 2, "cid": 1})
    assert status(made, 2, "rich") == {"ann": "kept", "bob": "exited", "cid": "entered"}
    assert status(made, 2, "town") == status(made, 2, "both") == {}
    assert failures(made, DAYS[2]) == {
        "both": f"both: it is made of what cannot be evaluated: {REASON}",
        "town": REASON,
    }
    rows = recorded(made, 2)
    assert (rows["rich"]["size"], rows["rich"]["failure"]) == (2, None)
    assert (rows["town"]["size"], rows["town"]["rows"], rows["town"]["seconds"]) == (None, None, None)


def test_when_it_fits_again_it_goes_on_from_when_it_was_known_last(made):
    evaluated(made, 0, {"ann": 1, "bob": 1}, ["Ulm", "Bonn"])
    evaluated(made, 1, {"ann": 1, "bob": 1})
    evaluated(made, 2, {"ann": 1, "bob": 1})
    evaluated(made, 3, {"ann": 1, "bob": 2, "cid": 1}, ["Ulm", "Bonn", "Kiel"])
    assert status(made, 3, "town") == {"ann": "kept", "bob": "exited", "cid": "entered"}
    assert status(made, 3, "rich") == {"ann": "kept", "bob": "exited", "cid": "entered"}


def test_a_day_that_fails_when_it_is_evaluated_again_leaves_no_trace_in_the_days_after(made):
    people, towns = {"ann": 1, "bob": 1}, ["Ulm", "Bonn"]
    evaluated(made, 0, people, towns)
    evaluated(made, 1, people, [None, "Bonn"])
    evaluated(made, 2, people, towns)
    assert status(made, 2, "town") == {"ann": "entered", "bob": "kept"}
    evaluated(made, 1, people)
    assert status(made, 1, "town") == {}
    assert status(made, 2, "town") == {"ann": "kept", "bob": "kept"}
    evaluated(made, 1, people, [None, "Bonn"])
    assert status(made, 2, "town") == {"ann": "entered", "bob": "kept"}


def test_a_correction_passes_over_a_day_that_failed(made):
    evaluated(made, 0, {"ann": 1}, ["Ulm"])
    evaluated(made, 1, {"ann": 1})
    evaluated(made, 2, {"ann": 1}, ["Ulm"])
    assert status(made, 2, "town") == {"ann": "kept"}
    evaluated(made, 0, {"ann": 2}, ["Ulm"])
    assert status(made, 2, "town") == {"ann": "entered"}
    assert status(made, 1, "town") == {}


def test_costs_are_the_rows_that_a_rule_reads_and_parts_of_the_run(made):
    club.bought(made, [("cid", at(DAYS[0] - timedelta(days=30)))])
    evaluated(made, 1, {"ann": 1, "bob": 1, "cid": 2}, ["Ulm", None, "Bonn"])
    rows = recorded(made, 1)
    assert {name: row["rows"] for name, row in rows.items()} == {"rich": 3, "town": 3, "buyers": 5, "both": 5}
    assert 0 < rows["rich"]["seconds"] < rows["buyers"]["seconds"]
    assert rows["buyers"]["seconds"] == pytest.approx(rows["both"]["seconds"]), "they ask the same"


def test_evaluations_of_an_older_version_are_read_and_go_on(made):
    old = [name for name in EVALUATIONS if name not in ("rows", "seconds", "failure")]
    row = {"audience": "rich", "size": 7, "as_of": DAYS[0]}
    made.lake.evaluations.replace(pl.DataFrame([row], schema=EVALUATIONS).select(old), DAYS[0])
    assert recorded(made, 0)["rich"]["failure"] is None
    evaluated(made, 1, {"ann": 1})
    assert recorded(made, 0)["rich"] | {"at": None} == dict.fromkeys(EVALUATIONS) | row
    assert recorded(made, 1)["town"]["failure"] == REASON


def test_an_error_that_is_no_audiences_fault_stops_the_run(made):
    club.profiles(made, DAYS[1], {"ann": 1})
    for file in Path(made.lake.events("shop").uri).glob("*/*.parquet"):
        file.unlink()
    with pytest.raises(FileNotFoundError):
        evaluate_audiences(made, DAYS[1])
    assert recorded(made, 1) == {}
