"""Days go that documents of retention keep no more, unless somebody looks at them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from purchases import events, moment
from value.shop import shop

from perennial.documents import DocumentError
from perennial.stages import privacy
from perennial.stages.lateness import DAILY, begin, complete, late, note_arrivals
from perennial.stages.retention import apply, plan
from perennial.stages.value import Range, compute_days, history, stale_days
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.workspace import Workspace

from .club import BUYERS, DAYS, bought, profiles, workspace

pytestmark = pytest.mark.store
TODAY = DAYS[-1] + timedelta(days=1)
NOW = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    """Four days of purchases, and the profiles as of each."""
    made = workspace(tmp_path, {"buyers": BUYERS})
    for day in DAYS:
        bought(made, [(person, datetime(day.year, day.month, day.day, 9, tzinfo=UTC)) for person in "ab"])
        profiles(made, day, {"a": 1, "b": 2})
    return made


def keep(made: Workspace, days: int, *tables: str, **more: Any) -> Workspace:
    """The document of retention anew."""
    file = made.settings.include / "retention/few.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump({"title": "Few days", "tables": [*tables], "keep_days": days, **more}))
    return Workspace(made.settings)


def test_a_dry_run_says_what_would_go_and_who_would_miss_it(made, store_url):
    made = keep(made, 2, "events/*", "profiles/*")
    before = {name: made.lake.named(name).version() for name in ("events/shop", "profiles/snapshot")}
    found = {each.table: each for each in plan(made, store_url, TODAY)}
    assert {name: (each.days, each.rows) for name, each in found.items()} == {
        "events/shop": (2, 4), "profiles/snapshot": (2, 4),
    }  # fmt: skip
    assert found["events/shop"].missed_by == ("profiles/member",), "the audience looks at two days only"
    assert found["profiles/snapshot"].missed_by == ()
    assert before == {name: made.lake.named(name).version() for name in before}


def test_days_that_somebody_looks_at_stay_until_the_document_says_who_does_without(made, store_url):
    made = keep(made, 2, "events/*", "profiles/*")
    apply(made, store_url, TODAY)
    assert made.lake.events("shop").counts().keys() == {str(day) for day in DAYS}
    assert made.lake.profiles.partitions() == [str(day) for day in DAYS[2:]]
    made = keep(made, 1, "events/shop", despite=["profiles/member"])
    assert plan(made, store_url, TODAY)[0].missed_by == ("audiences/buyers",)
    made = keep(made, 2, "events/shop", despite=["profiles/member"])
    assert [(each.table, each.rows) for each in apply(made, store_url, TODAY)] == [("events/shop", 4)]
    assert sorted(made.lake.events("shop").counts()) == [str(day) for day in DAYS[2:]]
    assert apply(made, store_url, TODAY) == [], "nothing is left to take away"


def test_the_newest_day_stays(made, store_url):
    made = keep(made, 1, "profiles/*")
    apply(made, store_url, TODAY + timedelta(days=365))
    assert made.lake.profiles.partitions() == [str(DAYS[-1])]


def test_what_goes_by_a_rule_makes_no_day_otherwise_and_what_comes_late_still_does(made, store_url):
    for day in DAYS[3], TODAY:
        begin(made, DAILY, [day], note_arrivals(made), NOW)
        complete(made, DAILY, [day], NOW)
    made = keep(made, 2, "events/shop", despite=["profiles/member"])
    bought(made, [("c", datetime(2024, 3, 4, 8, tzinfo=UTC))])
    apply(made, store_url, TODAY)
    assert late(made).days.select("as_of", "rows").rows() == [(TODAY, 1)]
    bought(made, [("d", datetime(2024, 3, 4, 8, tzinfo=UTC))])
    assert late(made).rows == 2


def test_values_that_were_computed_from_what_goes_stay_as_they_are(tmp_path, store_url):
    sold = shop(tmp_path, lookbacks=["lifetime"])
    sold.deliver(events(*((c, "b", "p1", "5.00", moment(2017, m, 5)) for c in "cd" for m in (1, 12))))
    made = sold.workspace
    refresh_ledgers(made)
    first, last = date(2017, 12, 6), date(2017, 12, 7)
    compute_days(made, Range(first, last))
    kept = history(made, "value").read(last).collect()
    made = keep(made, 30, "events/sales", despite=["value/value"])
    assert [each.rows for each in apply(made, store_url, date(2017, 12, 8))] == [2]
    assert stale_days(made) == set()
    assert history(made, "value").read(last).collect().equals(kept)
    refresh_ledgers(made)
    compute_days(made, Range(last + timedelta(days=1), last + timedelta(days=1)))
    assert stale_days(made) == set()
    now = history(made, "value").read(last + timedelta(days=1)).collect()
    assert max(now["spend"].to_list()) < max(kept["spend"].to_list())


def test_the_trail_in_the_store_goes_too(made, store_url):
    privacy.note(store_url, NOW - timedelta(days=9), "retention", "old", None, {})
    privacy.note(store_url, NOW, "retention", "new", None, {})
    made = keep(made, 5, "store/privacy.trail")
    assert [(each.table, each.rows) for each in apply(made, store_url, NOW.date())] == [
        ("store/privacy.trail", 1)
    ]
    assert [each.request for each in privacy.trail(store_url, NOW)] == ["new"]


def test_tables_that_are_not_kept_by_days_are_refused(made, store_url):
    with pytest.raises(DocumentError, match="records/shop is not kept by days"):
        plan(keep(made, 5, "records/shop"), store_url, TODAY)
