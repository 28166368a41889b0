"""Days that are computed again come out as daily runs would have left them, however often interrupted."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lake_rows import lake_rows
from polars.testing import assert_frame_equal
from store_rows import empty, store_rows

from perennial.settings import REPOSITORY, Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.browsing import find_left_behind
from perennial.stages.insights import refresh_insights
from perennial.stages.lateness import DAILY, begin, complete, late, note_arrivals
from perennial.stages.lifetime import NoModel, fit_lifetime, score_lifetime
from perennial.stages.profiles import build_profiles
from perennial.stages.recompute import behind, plan, progress, recompute, remaining
from perennial.stages.rfm import compute_rfm
from perennial.stages.steps import ORDER, STORED
from perennial.stages.stitching import stitch
from perennial.stages.value import Range, compute_value
from perennial.stages.workspace import Workspace

LAST = date(2017, 12, 30)
DAYS = [LAST - timedelta(days=1), LAST]
NOW = datetime(2018, 1, 1, tzinfo=UTC)


KNOWN: dict[str, dict[str, list[Any]]] = {
    "products": {"product_id": ["p1"], "department": ["DELI"]},
    "households": {"household_id": ["1"], "age": ["45-54"]},
    "contacts": {"household_id": ["1"], "email": ["one@example.com"]},
    "campaigns": {
        "campaign_id": ["1"], "campaign_type": ["Type A"], "start_date": [LAST], "end_date": [LAST],
    },
    "campaign_households": {"campaign_id": ["1"], "household_id": ["1"]},
}  # fmt: skip


def workspace(folder: Path) -> Workspace:
    """The product's own documents over an empty lake."""
    return Workspace(Settings(REPOSITORY / "include", str(folder / "lake"), str(folder), folder / "spool"))


def sales(*rows: tuple[str, date]) -> pl.DataFrame:
    """A basket for 2.50 of each household on each day."""
    made = [
        {
            "event_id": f"{household} {day}",
            "event_date": day,
            "event_time": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            "household_id": household,
            "basket_id": f"{household} {day}",
            "product_id": "p1",
            "store_id": "367",
            "sales_value": Decimal("2.50") * (1 + int(household) % 3),
            "batch": "b",
        }
        for household, day in rows
    ]
    return pl.DataFrame(made, schema_overrides={"sales_value": pl.Decimal(18, 2)})


ORDINARY = sales(*((str(n), LAST - timedelta(days=7 * n + k)) for n in range(6) for k in (1, 9)))
LATE = sales(("2", DAYS[0] - timedelta(days=1)), ("7", DAYS[0]))
"""An event that both days see, and one that the last one sees."""


def fill(made: Workspace, *batches: pl.DataFrame) -> None:
    """What is known of the products, and sales."""
    for name, known in KNOWN.items():
        made.lake.records(name).replace(pl.DataFrame(known))
    made.lake.events("coupon_redemptions").append(
        pl.DataFrame({"campaign_id": ["1"], "household_id": ["1"], "event_date": [LAST]})
    )
    for rows in batches:
        made.lake.events("transactions").append(rows)


def daily(made: Workspace, store: str | None = None) -> None:
    """What the Dags do, day by day."""
    for number, as_of in enumerate(DAYS):
        begin(made, DAILY, [as_of], note_arrivals(made), NOW + timedelta(hours=number))
        stitch(made, NOW)
        compute_rfm(made, as_of)
        compute_value(made, as_of)
        with suppress(NoModel):
            fit_lifetime(made, as_of)
        score_lifetime(made, as_of)
        find_left_behind(made, as_of)
        build_profiles(made, as_of)
        evaluate_audiences(made, as_of)
        complete(made, DAILY, [as_of], NOW + timedelta(hours=number))
        if store:
            refresh_insights(made, store, "daily", as_of)


def clock(most: int = 1000) -> Callable[[], datetime]:
    """Tells the time so many times, and then whoever asks is interrupted."""
    ticks = count(1)

    def tell() -> datetime:
        if (now := next(ticks)) > most:
            raise KeyboardInterrupt
        return NOW + timedelta(days=1, seconds=now)

    return tell


def repair(made: Workspace, store: str | None = None, days: list[date] | None = None) -> list[Range]:
    """What the Dag does."""
    steps = ORDER if store else STORED
    ranges = plan(made, "run", days, steps, NOW)
    for each in ranges:
        for step in STORED:
            recompute(made, "run", step, each, clock(), store_url=lambda: str(store))
    if store:
        recompute(made, "run", "insights", Range(date.min, date.max), clock(), store_url=lambda: store)
    return ranges


def rows(made: Workspace) -> dict[str, pl.DataFrame]:
    """Of every table, but for those that tell how it was done."""
    how = ("ledger/", "events/", "value_history/late")
    return {name: each for name, each in lake_rows(Path(made.lake.root)).items() if not name.startswith(how)}


def assert_equal(made: Workspace, other: dict[str, pl.DataFrame]) -> None:
    mine = rows(made)
    assert mine.keys() == other.keys()
    for name, frame in mine.items():
        assert_frame_equal(frame, other[name], check_column_order=False)


Undisturbed = tuple[dict[str, pl.DataFrame], dict[str, list[tuple]]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Undisturbed:
    """The lake and the store where nothing came late."""
    made = workspace(tmp_path_factory.mktemp("undisturbed"))
    fill(made, ORDINARY, LATE)
    daily(made, store_url)
    found = rows(made), store_rows(store_url)
    empty(store_url)
    return found


@pytest.fixture(scope="module")
def disturbed(undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Path:
    """A lake, and the store, where some events came after the days were done."""
    folder = tmp_path_factory.mktemp("disturbed")
    made = workspace(folder)
    fill(made, ORDINARY)
    daily(made, store_url)
    assert late(made).rows == 0
    assert behind(made) == {"late": set(), "document": set()}
    made.lake.events("transactions").append(LATE)
    return folder


@pytest.mark.store
def test_days_that_events_came_late_for_are_repaired_as_if_these_had_come_in_time(
    undisturbed, disturbed, tmp_path, store_url
):
    shutil.copytree(disturbed, tmp_path, dirs_exist_ok=True)
    made = workspace(tmp_path)
    assert late(made).rows == 2
    assert late(made).days.rows() == [(DAYS[0], 1, ["transactions"]), (LAST, 2, ["transactions"])]
    assert repair(made, store_url) == [Range(DAYS[0], LAST)]
    assert_equal(made, undisturbed[0])
    assert store_rows(store_url) == undisturbed[1]
    assert late(made).rows == 0
    assert repair(made) == [], "nothing is left to do"


def test_a_repair_that_was_killed_goes_on_where_it_stopped(undisturbed, disturbed, tmp_path):
    shutil.copytree(disturbed, tmp_path, dirs_exist_ok=True)
    made = workspace(tmp_path)
    days = Range(DAYS[0], LAST)
    plan(made, "run", None, STORED, NOW, by="ursel")
    for step in ("values", "segments"):
        recompute(made, "run", step, days, clock())
    # The second day is built, and the process ends before that is written down.
    with pytest.raises(KeyboardInterrupt):
        recompute(made, "run", "profiles", days, clock(1))
    assert remaining(made, "run", "profiles", DAYS[0], LAST) == [LAST]
    done = {row["step"]: (row["wanted"], row["done"], row["by"]) for row in progress(made).to_dicts()}
    assert done == {
        "values": (2, 2, "ursel"), "segments": (2, 2, "ursel"), "profiles": (2, 1, "ursel"),
        "audiences": (2, 0, "ursel"),
    }  # fmt: skip
    assert late(made).rows == 2, "they are behind until all of it is done"
    assert [recompute(made, "run", step, days, clock()) for step in STORED] == [0, 0, 0, 1, 2]
    assert_equal(made, undisturbed[0])
    assert late(made).rows == 0


def test_days_that_were_named_are_computed_whatever_they_have(undisturbed, tmp_path):
    made = workspace(tmp_path)
    fill(made, ORDINARY, LATE)
    assert repair(made, days=DAYS) == [Range(DAYS[0], LAST)]
    assert_equal(made, undisturbed[0])
    made.lake.events("transactions").append(sales(("1", DAYS[0])))
    assert late(made).days["as_of"].to_list() == [LAST], "the days are known from now on"


def test_of_days_behind_only_steps_that_they_have_are_done_again(disturbed, tmp_path):
    shutil.copytree(disturbed, tmp_path, dirs_exist_ok=True)
    made = workspace(tmp_path)
    early = DAYS[0] - timedelta(days=1)
    plan(made, "first", [early], ["values"], NOW)
    recompute(made, "first", "values", Range(early, early), clock())
    made.lake.events("transactions").append(sales(("9", early - timedelta(days=3))))
    assert plan(made, "run", None, ORDER, NOW, most=3) == [Range(early, LAST)]
    wanted = {row["step"]: (row["first"], row["wanted"]) for row in progress(made, 1).to_dicts()}
    assert wanted["values"] == (early, 3)
    assert wanted["profiles"] == wanted["insights"] == (DAYS[0], 2)
    assert plan(made, "few", None, ORDER, NOW, most=1) == [Range(LAST, LAST)]


def test_before_anything_was_computed_nothing_is_behind(tmp_path: Path) -> None:
    assert plan(workspace(tmp_path), "nightly", None, ORDER, NOW, most=31) == []
