"""People whom audiences are made of: profiles of two days, their receipts, and who is in which audience."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from perennial.lake.catalog import Lake
from perennial.settings import REPOSITORY, Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.stitching import stitch
from perennial.stages.workspace import Workspace

PEOPLE = 300
DAYS = [date(2017, 12, 31), date(2018, 1, 1)]
AGES = ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"]
STORES = ["367", "343", "381"]
DEPARTMENTS = ["DELI", "GROCERY", "PRODUCE"]


def fill(lake: Lake) -> None:
    """Fill the lake, and evaluate the product's audiences as of both days."""
    dice = random.Random(7)
    rows = [_receipt(dice, number) for number in range(4_000)]
    receipts = pl.DataFrame(rows, orient="row", schema=RECEIPTS)
    lake.events("transactions").append(receipts.with_columns(event_date=pl.col("event_time").dt.date()))
    for day in DAYS:
        people = [_person(dice, number) for number in range(PEOPLE)]
        profiles = pl.DataFrame(people, schema=PROFILES).with_columns(as_of=pl.lit(day))
        lake.profiles.replace(profiles, day)
    addresses = [f"household.{number}@example.com" for number in range(PEOPLE)]
    known = [str(number) for number in range(PEOPLE)]
    lake.records("contacts").append(pl.DataFrame({"household_id": known, "email": addresses}))
    workspace = Workspace(Settings(REPOSITORY / "include", lake.root, lake.root, REPOSITORY / "none"))
    stitch(workspace, datetime(2018, 1, 1, 4, tzinfo=UTC))
    for day in DAYS:
        evaluate_audiences(workspace, day)


RECEIPTS = pl.Schema(
    {
        "household_id": pl.String(),
        "event_time": pl.Datetime("us", "UTC"),
        "product_id": pl.String(),
        "quantity": pl.Int64(),
        "sales_value": pl.Decimal(18, 2),
    }
)
ENTRIES = pl.List(pl.Struct({"key": pl.String(), "value": pl.Decimal(18, 2)}))
PROFILES = pl.Schema(
    {
        "person_id": pl.String(),
        "first_seen": pl.Datetime("us", "UTC"),
        "last_seen": pl.Datetime("us", "UTC"),
        "age": pl.String(),
        "email": pl.String(),
        "spend_12m": pl.Decimal(18, 2),
        "spend_12m_decile": pl.Int16(),
        "spend_1m_decile": pl.Int16(),
        "department.spend_3m": ENTRIES,
        "p_alive": pl.Float64(),
        "stores_3m": pl.List(pl.String()),
        "visits_4w": pl.Int64(),
        "abandoned_browse_product": pl.String(),
        "abandoned_browse_price": pl.Decimal(18, 2),
        "identities": pl.List(pl.Struct({"namespace": pl.String(), "value": pl.String()})),
    }
)


def _receipt(dice: random.Random, number: int) -> tuple:
    minutes = dice.randrange(90 * 1440)
    at = datetime(2018, 1, 1, tzinfo=UTC) - timedelta(minutes=minutes)
    household = str(int(PEOPLE * dice.random() ** 2))
    return household, at, str(dice.randrange(50)), dice.randint(1, 3), Decimal(dice.randint(50, 2_000)) / 100


def _person(dice: random.Random, number: int) -> dict:
    household, address = str(number), f"household.{number}@example.com"
    seen = datetime(2017, 1, 5, tzinfo=UTC) + timedelta(days=number % 90)
    entries = [
        {"key": name, "value": Decimal(dice.randint(0, 9_000)) / 100}
        for name in DEPARTMENTS
        if dice.random() < 0.6
    ]
    return {
        "person_id": household,
        "first_seen": seen,
        "last_seen": seen + timedelta(days=dice.randrange(240, 270)),
        "age": dice.choice([*AGES, None]),
        "email": address,
        "spend_12m": Decimal((PEOPLE - number) * 1_750) / 100,
        "spend_12m_decile": number * 10 // PEOPLE + 1,
        "spend_1m_decile": dice.choice([None, *range(1, 11)]),
        "department.spend_3m": entries,
        "p_alive": round(dice.random(), 3),
        "stores_3m": STORES[number % 4 :] or None,
        "visits_4w": number % 13 or None,
        "abandoned_browse_product": None if number % 5 else str(number),
        "abandoned_browse_price": None if number % 5 else Decimal(number),
        "identities": [
            {"namespace": "household", "value": household},
            {"namespace": "email", "value": address},
        ],
    }
