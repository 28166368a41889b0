"""A small dataset with every type and every rule, and a way to write its files."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perennial.lake.catalog import Lake
from perennial.signals.dataset import Dataset
from perennial.signals.intake import Intake

ORDERS = {
    "name": "orders",
    "title": "Orders",
    "kind": "event",
    "source": {"history": "orders/history/*.csv", "daily": "orders/{day}.csv"},
    "key": ["order_id"],
    "tolerance": 0.5,
    "columns": {
        "event_time": {"type": "timestamp", "source": "at", "required": True},
        "order_id": {"type": "string", "required": True},
        "customer": {"type": "string", "required": True, "pattern": "^c[0-9]+$"},
        "amount": {"type": "decimal", "scale": 2, "required": True, "min": 0, "max": 1000},
        "pieces": {"type": "integer", "min": 1},
        "channel": {"type": "string", "enum": ["shop", "web"]},
        "gift": {"type": "boolean"},
        "due": {"type": "date"},
    },
}
HEADER = "at,order_id,customer,amount,pieces,channel,gift,due"


@pytest.fixture
def orders() -> Dataset:
    return Dataset.model_validate(ORDERS)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def intake(lake: Lake, tmp_path: Path) -> Intake:
    return Intake(lake, tmp_path / "index", datetime(2018, 1, 1, 3, tzinfo=UTC))


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., str]:
    """Write the file of a day (or the history) with these lines; returns the landing zone."""

    def write(*lines: str, day: str | None = "2017-12-25") -> str:
        file = tmp_path / "landing/orders" / (f"{day}.csv" if day else "history/all.csv")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join([HEADER, *lines]) + "\n")
        return str(tmp_path / "landing")

    return write


def line(order: str, customer: str = "c1", amount: str = "10.00", at: str = "2017-12-25 10:00:00") -> str:
    """A good line."""
    return f"{at},{order},{customer},{amount},1,web,true,2017-12-31"
