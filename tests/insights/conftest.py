"""A small lake with two days of everything that the star schema reads, and a workspace over it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.responses import EMAIL_EVENTS
from perennial.settings import REPOSITORY, Settings
from perennial.stages.value import BY_DECILE
from perennial.stages.workspace import Workspace
from perennial.value.recording import MOVEMENT

DAY = date(2017, 12, 26)
"""The first of the two days; tables as of its end carry the day after."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The product's own documents over an empty lake."""
    return Workspace(
        Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """The same, with the tables of two days."""
    lake = workspace.lake
    lake.records("products").replace(pl.DataFrame({"product_id": ["p1", "p2"], "department": ["DELI", None]}))
    campaigns = {"campaign_id": ["1"], "campaign_type": ["Type A"], "start_date": [DAY], "end_date": [DAY]}
    lake.records("campaigns").replace(pl.DataFrame(campaigns))
    lake.records("campaign_households").replace(
        pl.DataFrame({"campaign_id": ["1"] * 2, "household_id": ["a", "b"]})
    )
    lake.events("coupon_redemptions").append(
        pl.DataFrame({"campaign_id": ["1"], "household_id": ["a"], "event_date": [DAY]})
    )
    for number in range(2):
        add_day(workspace, DAY + timedelta(days=number), people="abc"[: 2 + number])
    return workspace


def add_day(workspace: Workspace, day: date, people: str) -> None:
    """One sale of 1.25 a person, and what is computed as of the day's end; a leaves on the second."""
    lake, as_of, n = workspace.lake, day + timedelta(days=1), len(people)
    sales = {
        "event_date": [day] * n,
        "event_time": [datetime(day.year, day.month, day.day, 12, tzinfo=UTC)] * n,
        "household_id": list(people),
        "basket_id": [f"{day}-{p}" for p in people],
        "product_id": ["p1"] * (n - 1) + ["p2"],
        "store_id": ["1"] * (n - 1) + ["2"],
        "sales_value": pl.Series([Decimal("1.25")] * n, dtype=pl.Decimal(18, 2)),
    }
    lake.events("transactions").append(pl.DataFrame(sales))
    decile = pl.Series(range(1, n + 1), dtype=pl.Int16)
    worth = [Decimal(10 - i) for i in range(n)]
    labels = {"as_of": as_of, "metric": "spend", "lookback": "12m"}
    ranked = pl.DataFrame({"decile": decile, "total": worth, "least": worth, "most": worth})
    ranked = ranked.with_columns(
        customers=pl.lit(1, pl.Int64),
        dimension=pl.lit("overall"),
        dimension_value=pl.lit("all"),
        **{name: pl.lit(value) for name, value in labels.items()},
    )
    lake.value_by_decile("customer_value").replace(
        ranked.select(*BY_DECILE).cast(pl.Schema(BY_DECILE)), as_of
    )
    # The first has been in the first decile since the month began; the others had bought nothing by then.
    moved = pl.DataFrame({"from_decile": [1] + [None] * (n - 1), "to_decile": decile, "customers": [1] * n})
    moved = moved.with_columns(
        since=pl.lit(date(2017, 12, 1)), **{name: pl.lit(value) for name, value in labels.items()}
    )
    lake.value_movement("customer_value").replace(moved.select(*MOVEMENT).cast(MOVEMENT), as_of)
    profiles = {
        "person_id": list(people),
        "email": ["x@example.com"] + [None] * (n - 1),
        "identities": [known_as(person) for person in people],
        "spend_12m_decile": decile,
        "as_of": [as_of] * n,
    }
    lake.profiles.replace(pl.DataFrame(profiles), as_of)
    first = day == DAY
    membership = {
        "audience": ["top_spenders"],
        "person_id": ["a"],
        "status": ["entered" if first else "exited"],
        "as_of": [as_of],
    }
    lake.membership.replace(pl.DataFrame(membership), as_of)


def known_as(person: str) -> list[dict[str, str]]:
    """The first is known by an e-mail address and its hash too."""
    namespaces = ("email", "email_sha256", "household") if person == "a" else ("household",)
    return [{"namespace": namespace, "value": f"{namespace}-{person}"} for namespace in namespaces]


def email_events(*rows: tuple[str, str, int, str]) -> pl.DataFrame:
    """Response events: (event id, type, hours after the first day's midnight, person)."""
    start = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    return pl.DataFrame(
        [
            {
                "event_id": event_id,
                "event_type": kind,
                "event_time": start + timedelta(hours=hours),
                "event_date": (start + timedelta(hours=hours)).date(),
                "provider": "sendgrid",
                "send_id": f"m-{person}",
                "campaign_id": "c1",
                "campaign_name": "Hello",
                "audience": "top_spenders",
                "person_id": person,
                "is_machine": False,
                "sent_as_of": DAY + timedelta(days=1),
                "bounce_class": "hard" if kind == "bounced" else None,
            }
            for event_id, kind, hours, person in rows
        ],
        schema=EMAIL_EVENTS,
    )
