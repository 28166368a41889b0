"""Who is in audiences, came and left adds up from day to day, also where a day is computed again."""

import random
import shutil
from datetime import date, timedelta

import polars as pl
import psycopg
import pytest

from perennial.audiences import membership
from perennial.audiences.evaluation import MEMBERS
from perennial.settings import REPOSITORY, Settings
from perennial.stages.insights import refresh_insights
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.store
FIRST = date(2026, 3, 2)
PEOPLE = [f"p{number}" for number in range(30)]
KEPT = ("adwh_dim_", "adwh_fact_profile_by_segment.", "adwh_lkup", "complete_days")
RECONCILED = """
SELECT
    date_key,
    segment,
    count_of_profiles = count_of_calculated_realized_profiles + count_of_existing_profiles
        AND coalesce(lag(count_of_profiles) OVER days, 0)
        = count_of_existing_profiles + count_of_exited_profiles
FROM adwh_fact_profile_by_segment
JOIN adwh_dim_segments USING (segment_id)
WINDOW days AS (PARTITION BY segment_id ORDER BY date_key)
"""


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """The product's documents with the tables of audiences alone."""
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    for file in (tmp_path / "include/sql/insights").glob("*.sql"):
        if not file.name.startswith(KEPT):
            file.unlink()
    made = Workspace(
        Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )
    made.lake.events("transactions").append(pl.DataFrame({"basket_id": ["1"], "event_date": [FIRST]}))
    return made


def evaluate(workspace: Workspace, as_of: date, seed: int) -> None:
    """Anybody may be in the two audiences."""
    chosen = random.Random(seed)
    rows = [
        (audience, person, "h")
        for audience in ("top_spenders", "lapsing")
        for person in chosen.sample(PEOPLE, chosen.randrange(5, 25))
    ]
    members = pl.DataFrame(rows, schema=MEMBERS, orient="row")
    membership.store(workspace.lake.membership, members, as_of)


def test_counts_reconcile_from_day_to_day(workspace: Workspace, store):
    days = [FIRST + timedelta(days=number) for number in range(4)]
    for number, as_of in enumerate(days):
        people = pl.DataFrame({"person_id": PEOPLE}).with_columns(as_of=pl.lit(as_of))
        workspace.lake.profiles.replace(people, as_of)
        evaluate(workspace, as_of, number)
        refresh_insights(workspace, store.url, "daily", as_of)
    for again in (days[1], days[0]):
        # Who came and left on the day after it is other than it was.
        evaluate(workspace, again, seed=99 + again.day)
        refresh_insights(workspace, store.url, "daily", again)
    with psycopg.connect(store.url, options="-c search_path=insights") as connection:
        found = connection.execute(RECONCILED.encode()).fetchall()
    assert len(found) == 8
    assert [row for row in found if not row[2]] == []
