"""Wrote `lake_before.zip`, with the code of an earlier release; kept to say what is in it.

    git worktree add --detach /tmp/before ad67240
    PYTHONPATH=/tmp/before/plugins python tests/upgrade/make_lake.py lake_before.zip

It takes a history and two days of orders of a dozen customers, of which one row is bad, through value,
segments, profiles and an audience, and puts rows into the tables that people and providers fill.
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl

from perennial.settings import Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.profiles import build_profiles
from perennial.stages.rfm import compute_rfm
from perennial.stages.signals import ingest_batch
from perennial.stages.value import compute_value
from perennial.stages.workspace import Workspace

DAYS = [date(2024, 3, 1), date(2024, 3, 2)]
NOW = datetime(2024, 3, 3, 3, tzinfo=UTC)


def deliver(landing: Path) -> None:
    """The files of the shop."""
    (landing / "orders").mkdir(parents=True)
    names = [f"c{number:02}" for number in range(12)]
    customers = pl.DataFrame({"customer_id": names, "email": [f"{name}@example.com" for name in names]})
    customers.write_csv(landing / "customers.csv")
    pl.DataFrame({"product_id": ["p0", "p1", "p2"], "category": ["tea", "tea", "pots"]}).write_csv(
        landing / "products.csv"
    )
    start, rows = date(2024, 1, 1), []
    for number in range(90):
        day = start + timedelta(days=number * 62 // 90)
        amount = f"{5 + number * 7 % 40}.50"
        rows.append(
            (
                f"{day} 10:{number % 60:02}:00",
                f"o{number:03}",
                names[number * 5 % 12],
                f"p{number % 3}",
                amount,
            )
        )
    rows[10] = (*rows[10][:4], "-1.00")
    head = ["at", "order_id", "customer_id", "product_id", "amount"]
    every = pl.DataFrame(rows, schema=head, orient="row")
    every.filter(pl.col("at") < "2024-03-01").write_csv(landing / "orders/history.csv")
    for day in DAYS:
        every.filter(pl.col("at").str.starts_with(str(day))).write_csv(landing / f"orders/{day}.csv")


def fill(made: Workspace) -> None:
    """All stages, and what comes from elsewhere."""
    for name in made.datasets:
        ingest_batch(made, name, None, NOW)
    for day in DAYS:
        ingest_batch(made, "orders", day, NOW)
        as_of = day + timedelta(days=1)
        compute_value(made, as_of)
        compute_rfm(made, as_of)
        build_profiles(made, as_of)
        evaluate_audiences(made, as_of)
    lake = made.lake
    response = {
        "event_id": "e1", "event_type": "opened", "event_time": NOW, "event_date": NOW.date(),
        "provider": "sendgrid", "send_id": "s1", "campaign_id": "k1", "audience": "best", "person_id": "c01",
        "is_machine": False, "sent_as_of": DAYS[1], "received_at": NOW,
    }  # fmt: skip
    lake.email_events.append(pl.DataFrame([response], schema=lake.email_events.schema))
    bad = lake.quarantine("orders").scan().collect()["id"][0]
    correction = {"id": bad, "dataset": "orders", "raw": "{}", "by": "ann", "at": NOW}
    lake.corrections.append(pl.DataFrame([correction], schema=lake.corrections.schema))
    resolution = {"id": "old", "dataset": "orders", "outcome": "discarded", "by": "ann", "at": NOW}
    lake.resolutions.append(pl.DataFrame([resolution], schema=lake.resolutions.schema))


def main(target: Path) -> None:
    """Make the lake, and pack it."""
    with tempfile.TemporaryDirectory() as folder:
        here, include = Path(folder), Path(__file__).parent / "include"
        deliver(here / "landing")
        fill(Workspace(Settings(include, str(here / "lake"), str(here / "landing"), here / "spool")))
        with ZipFile(target, "w", ZIP_DEFLATED) as packed:
            for file in sorted((here / "lake").rglob("*")):
                if file.is_file():
                    packed.write(file, file.relative_to(here).as_posix())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
